"""What the address of the repository adds to a build: the project's URLs, and absolute links in its description.

README.md links to files of the repository. On the page of a package index such a link would lead nowhere. A build whose
environment has the address in ``SKMLP_REPOSITORY``, as the workflows of ``.github`` give it, links to the files of the
release's tag. Without it, the description is README.md as it is, and there are no URLs.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)(?P<text>\[[^\]]*\])\((?!https?://|#)(?P<path>[^)\s]+)\)")


class CustomMetadataHook(MetadataHookInterface):
    """Fill in ``readme`` and ``urls``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Change the metadata of the project in place.

        Raises
        ------
        ValueError
            If ``SKMLP_REPOSITORY`` is no address.
        """
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("SKMLP_REPOSITORY", "").rstrip("/")
        if repository:
            if not repository.startswith("https://"):
                raise ValueError(f"SKMLP_REPOSITORY={repository!r} is no address: it begins with https://.")
            tag = f"v{metadata['version']}"
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{repository}/tree/{tag}/docs",
                "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
            readme = with_absolute_links(readme, repository, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def with_absolute_links(text: str, repository: str, tag: str) -> str:
    """A Markdown text whose relative links and images lead to the files of a tag."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        return f"{link['image']}{link['text']}({repository}/{kind}/{tag}/{link['path']})"

    return _LINK.sub(absolute, text)
