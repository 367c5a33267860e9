"""Ed25519 keys and SSH signatures: sign, verify strictly, read key files, ask an agent.

Owns `cryptography`.  Knows neither git nor blocks.
"""
