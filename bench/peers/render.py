"""Rendering, beside programs that give the same objects."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from bench.peers import gate
from bench.peers.measure import Command, Failed, Measured, in_turn, run
from bench.peers.peers import PEERS, Peer, Unavailable, lay_out
from bench.peers.tables import Row

LIMIT: Final = 300.0  # seconds for one run


Rounds = Callable[[int], int]  # of a size: how often each command is timed


def usual(size: int) -> int:
    """Return how often each command is timed, where nothing else is asked for."""
    return 7 if size <= 100 else 3


def compare(
    root: Path, name: str, sizes: Sequence[int], rounds: Rounds = usual, peers: Sequence[Peer] = PEERS
) -> list[Row]:
    """Return the rows of a set: modelyard's first, then the peers', whose objects were compared with its own."""
    cells: dict[str, dict[int, Measured | str]] = {peer.name: {} for peer in peers}
    for size in sorted(sizes):
        commands, why = _same(root / name / str(size), name, size, cells, peers)
        for peer_name, cell in (why | in_turn(commands, rounds(size), LIMIT)).items():
            cells[peer_name][size] = cell
        shutil.rmtree(root / name / str(size))
    return [Row(peer.name, peer.version(), "yes" if peer.checks else "no", cells[peer.name]) for peer in peers]


def _same(
    root: Path, name: str, size: int, before: Mapping[str, Mapping[int, Measured | str]], peers: Sequence[Peer]
) -> tuple[dict[str, Command], dict[str, str]]:
    """Return what is run of the peers that give the same objects, and of the others why not."""
    why = {peer.name: reason for peer in peers if (reason := _no_use(before[peer.name], size))}
    commands: dict[str, Command] = {}
    ours: dict[str, gate.Object] = {}
    for peer in peers:
        if peer.name in why:
            continue
        try:
            command, objects = objects_of(peer, root / peer.name.replace(" ", "-"), name, size)
            ours = ours or objects
            gate.require_same(ours, objects)
            commands[peer.name] = command
        except gate.Different as error:
            why[peer.name] = f"not the same objects, {error}"
        except yaml.YAMLError as error:
            why[peer.name] = f"what it wrote cannot be read: {' '.join(str(error).split())}"
        except (Unavailable, Failed) as error:
            why[peer.name] = " ".join(str(error).split())
    return commands, why


def objects_of(peer: Peer, folder: Path, name: str, size: int) -> tuple[Command, dict[str, gate.Object]]:
    """Run a peer once, which also warms its caches, and return its command and what it gave, in canonical form."""
    command = lay_out(peer, folder, name, size)
    run(command, LIMIT)
    return command, gate.canonical(each for text in peer.texts(folder) for each in gate.read(text))


def _no_use(before: Mapping[int, Measured | str], size: int) -> str | None:
    """Return why a size is not tried: the one before failed, or says that this one would take too long."""
    if not before:
        return None
    last = before[max(before)]
    if isinstance(last, str):
        return last
    expected = last.wall * size / max(before)
    return f"{expected:.0f} s or more are to be expected" if expected > LIMIT else None
