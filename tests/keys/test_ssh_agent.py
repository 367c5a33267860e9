"""The agent: a real ssh-agent, and false ones that answer against the protocol."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aergo_vc.codec.sshsig import encode_key_blob, encode_key_text
from aergo_vc.codec.sshwire import pack_string
from aergo_vc.keys.agent import Agent, AgentError, AgentKey, AgentSigner
from aergo_vc.keys.ed25519 import verify
from aergo_vc.keys.keyfile import generate_key_file
from aergo_vc.keys.signer import FileSigner, seed_signer
from aergo_vc.keys.signing_key import find_signer

SIGNER = seed_signer(bytes(range(32)))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    if shutil.which("ssh-agent") is None:
        pytest.skip("ssh-agent is not installed")
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield Agent(path, timeout=10)
    process.terminate()
    process.wait()


def add(agent: Agent, path: Path, *options: str) -> None:
    environment = {"PATH": os.defpath, "SSH_AUTH_SOCK": str(agent.path)}
    subprocess.run(["ssh-add", "-q", *options, str(path)], check=True, env=environment, capture_output=True)


def test_an_agent_lists_its_ed25519_keys_and_leaves_others_out(agent: Agent, tmp_path: Path) -> None:
    assert agent.identities() == ()
    key = generate_key_file(tmp_path / "id", "Ada")
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "other"], check=True)
    add(agent, tmp_path / "other")
    add(agent, tmp_path / "id")
    assert agent.identities() == (AgentKey(key, "Ada"),)


def test_an_agent_signs_as_the_key_file_does(agent: Agent, tmp_path: Path) -> None:
    key = generate_key_file(tmp_path / "id", "")
    expected = find_signer(str(tmp_path / "id")).sign(b"message")
    add(agent, tmp_path / "id")
    assert AgentSigner(key, agent).sign(b"message") == expected
    assert verify(key, expected, b"message")


def test_an_agent_refuses_a_key_that_it_does_not_hold(agent: Agent) -> None:
    with pytest.raises(AgentError, match="refuses"):
        agent.sign(SIGNER.public_key, b"message")


def test_git_s_signing_key_may_be_with_the_agent(agent: Agent, tmp_path: Path) -> None:
    key = generate_key_file(tmp_path / "id", "")
    add(agent, tmp_path / "id")
    (tmp_path / "id").unlink()
    for text in (str(tmp_path / "id.pub"), encode_key_text(key), f"key::{encode_key_text(key)}"):
        assert find_signer(text, agent=agent) == AgentSigner(key, agent)


def test_the_agent_spares_the_passphrase_of_a_key_that_it_holds(agent: Agent, tmp_path: Path) -> None:
    key = generate_key_file(tmp_path / "id", "")
    add(agent, tmp_path / "id")
    assert isinstance(find_signer(str(tmp_path / "id"), agent=agent), FileSigner)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "open sesame", "-a", "1", "-f", tmp_path / "id"], check=True)
    assert find_signer(str(tmp_path / "id"), agent=agent) == AgentSigner(key, agent)


def test_a_socket_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / ("long" * 50)):
        with pytest.raises(AgentError, match="cannot talk"):
            Agent(path).identities()


def answers(path: Path, content: bytes) -> threading.Thread:
    """A false agent that answers one request with `content` and closes."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1)

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(content)
        connection.close()
        listener.close()

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def frame(content: bytes) -> bytes:
    return pack_string(content)


ENTRY = pack_string(encode_key_blob(SIGNER.public_key)) + pack_string(b"comment")
ONE, TWO = (1).to_bytes(4, "big"), (2).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "early"),
        (b"\0\0\0\1", "early"),
        (b"\0\0\0\0", "0 bytes"),
        (b"\xff\xff\xff\xff", "4294967295 bytes"),
        (frame(b"\x05"), "refuses"),
        (frame(b"\x0e"), "answers 14, expected 12"),
        (frame(b"\x0c"), "against the protocol"),
        (frame(b"\x0c" + TWO + ENTRY), "against the protocol"),
        (frame(b"\x0c" + ONE + ENTRY + b"\0"), "against the protocol"),
        (frame(b"\x0c\xff\xff\xff\xff" + ENTRY), "against the protocol"),
    ],
)
def test_an_answer_against_the_protocol_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    thread = answers(tmp_path / "false", content)
    with pytest.raises(AgentError, match=message):
        Agent(tmp_path / "false", timeout=5).identities()
    thread.join()


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (pack_string(b"ssh-ed25519") + pack_string(SIGNER.sign(b"another message")), "does not verify"),
        (pack_string(b"ssh-rsa") + pack_string(SIGNER.sign(b"message")), "against the protocol"),
        (pack_string(b"ssh-ed25519") + pack_string(bytes(63)), "against the protocol"),
        (pack_string(b"ssh-ed25519") + pack_string(SIGNER.sign(b"message")) + b"\0", "against the protocol"),
    ],
)
def test_a_signature_that_is_not_the_key_s_for_the_message_is_an_error(
    tmp_path: Path, inner: bytes, message: str
) -> None:
    thread = answers(tmp_path / "false", frame(b"\x0e" + pack_string(inner)))
    with pytest.raises(AgentError, match=message):
        Agent(tmp_path / "false", timeout=5).sign(SIGNER.public_key, b"message")
    thread.join()


def test_an_agent_that_does_not_answer_is_given_up_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "silent"))
        listener.listen(1)
        with pytest.raises(AgentError, match="timed out"):
            Agent(tmp_path / "silent", timeout=0.05).identities()
