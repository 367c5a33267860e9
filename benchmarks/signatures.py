"""Signatures a second: each library alone, and the checker with 0 to 2 workers, cold and warm."""

import time
from collections.abc import Callable

from aergo_vc.keys.ed25519 import Equation, SignedMessage, is_strict, openssl_equation, sodium_equation
from aergo_vc.keys.parallel import SignatureChecker
from aergo_vc.keys.signatures import payload_message
from aergo_vc.keys.signer import seed_signer

COUNT = 20_000


def signed() -> list[SignedMessage]:
    """Transactions' worth of signatures by 16 signers."""
    signers = [seed_signer(bytes([n]) * 32) for n in range(16)]
    messages = [payload_message("aergo-tx", b"%d" % n) for n in range(COUNT)]
    return [(signers[n % 16].public_key, signers[n % 16].sign(m), m) for n, m in enumerate(messages)]


def report(name: str, check: Callable[[], list[bool]]) -> None:
    """Prints how many verdicts a second `check` gives, all of them good."""
    start = time.perf_counter()
    verdicts = check()
    elapsed = time.perf_counter() - start
    assert len(verdicts) == COUNT
    assert all(verdicts)
    print(f"{name:24}{COUNT / elapsed:10,.0f} signatures/s")


def alone(equation: Equation, items: list[SignedMessage]) -> list[bool]:
    """Every verdict by one library in this process."""
    return [is_strict(key, signature) and equation(key, signature, message) for key, signature, message in items]


def main() -> None:
    """Runs all of it."""
    items = signed()
    report("cryptography", lambda: alone(openssl_equation(), items))
    sodium = sodium_equation()
    if sodium is not None:
        report("PyNaCl", lambda: alone(sodium, items))
    for workers in (0, 1, 2):
        with SignatureChecker(workers) as checker:
            for state in ("cold", "warm"):
                report(f"{workers} workers, {state}", lambda checker=checker: list(checker.check(items)))


if __name__ == "__main__":
    main()
