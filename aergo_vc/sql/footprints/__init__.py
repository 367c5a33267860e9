"""What transactions read and write, recorded while they run."""
