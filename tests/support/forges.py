"""Stand-ins for gh and glab, with the pull requests of one site: who has the token opens, lists and closes them."""

import json
from pathlib import Path
from typing import Final

# Reads its words as both programs do, as far as modelyard says them; `state` is a file of all that was asked.
_PROGRAM: Final = """\
#!/usr/bin/env python3
import json, os, sys
from pathlib import Path

words, state = sys.argv[1:], Path(STATE)
if os.environ.get(VARIABLE) != SECRET:
    sys.exit("no login: try again with a token")
known = json.loads(state.read_text()) if state.exists() else []

def of(name):
    return words[words.index(name) + 1]

if words[1] == "list":
    branch = of("--head" if words[0] == "pr" else "--source-branch")
    print(json.dumps([each for each in known if each["branch"] == branch]))
elif words[1] == "create":
    github = words[0] == "pr"
    branch, number = of("--head" if github else "--source-branch"), len(known) + 1
    url = f"https://git.example.com/risk/models/{number}"
    text = Path(of("--body-file")).read_text() if github else of("--description")
    found = {"number": number, "iid": number, "url": url, "web_url": url, "branch": branch, "text": text,
             "title": of("--title"), "state": "OPEN" if github else "opened"}
    state.write_text(json.dumps([*known, found]))
    print(url)
elif words[1] == "close":
    for each in known:
        if each["number"] == int(words[2]):
            each["state"] = "CLOSED"
    state.write_text(json.dumps(known))
"""
_VARIABLES: Final = {"gh": "GH_TOKEN", "glab": "GITLAB_TOKEN"}


def program(name: str, token: str, state: Path) -> str:
    """Return the text of gh or glab. token: with which it may be asked. state: a file with all pull requests."""
    text = _PROGRAM.replace("STATE", repr(str(state))).replace("VARIABLE", repr(_VARIABLES[name]))
    return text.replace("SECRET", repr(token))


class Forge:
    """A site with its program, gh or glab, in a folder `bin`."""

    def __init__(self, folder: Path, name: str, token: str) -> None:
        self.bin, self._state = folder / "bin", folder / "pull-requests.json"
        self.bin.mkdir(parents=True)
        path = self.bin / name
        path.write_text(program(name, token, self._state), "utf-8")
        path.chmod(0o755)

    @property
    def requests(self) -> list[dict[str, str]]:
        """All pull requests: branch, title, text and state of each."""
        found: list[dict[str, str]] = json.loads(self._state.read_text("utf-8")) if self._state.exists() else []
        return found
