"""SAS Model Manager as a Git repository sees it: a Git destination copies a folder for each model that is published.

Source: sassoftware/model-management-resources, samples/Container_Tools/Container Promotion Template.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REGISTRY: Final = "registry.example.com/models"
_IDENTITY: Final = ("-c", "user.name=Model Manager", "-c", "user.email=mm@example.com")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    done = subprocess.run(["git", *_IDENTITY, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@dataclass
class GitDestination:
    """A destination: the bare repository, where it keeps a clone, and its properties.

    template: `deploymentGitFolder`; copies: where it puts its copies. Both are paths in the repository.
    """

    remote: Path
    local: Path
    template: str
    copies: str
    published: dict[str, int] = field(default_factory=dict)

    def publish(self, name: str) -> None:
        """Publish a model, or publish it again: write its files, and push where they have changed."""
        if not self.local.exists():
            git(self.remote, "clone", "--quiet", str(self.remote), str(self.local))
        git(self.local, "pull", "--quiet", "--ff-only")
        self.published[name] = self.published.get(name, 0) + 1
        for each in sorted((self.local / self.template).iterdir()):
            text = each.read_text("utf-8")
            text = text.replace("${sas-scr-published-name}", name)
            text = text.replace("${sas-scr-image-url}", f"{REGISTRY}/{name}:latest")
            target = self.local / self.copies / name / each.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        git(self.local, "add", "--all")
        if git(self.local, "status", "--porcelain"):
            git(self.local, "commit", "--quiet", "--message", f"Publish {name}")
            git(self.local, "push", "--quiet")
