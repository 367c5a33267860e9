"""Ed25519 keys and SSH signatures: sign, verify strictly, read key files, ask an agent.

Owns `cryptography` and PyNaCl, and imports them only where a signature is made or verified.  Knows neither git nor
blocks.
"""
