"""Pure schedules: from a roster and a slot to a producer; finality.

Knows no block's bytes, no directory, no clock: it is handed numbers and names.
"""
