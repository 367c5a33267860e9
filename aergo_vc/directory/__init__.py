"""The directory chain: from its blocks to the entities, the permissions and the roster at a block."""
