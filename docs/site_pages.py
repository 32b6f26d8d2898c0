"""A hook of MkDocs: README, CONTRIBUTING and CHANGELOG are pages too, and links that lead out of docs/ become text.

Pages in folders, such as decisions, come last in the navigation, by their name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "ko.md": "README.ko.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
FOLDERS = {"adr": "Decisions"}
_BACK = {there: here for here, there in PAGES.items()}
_MENDED = (
    (
        re.compile(r'(<input class="md-option"[^>]*?) aria-hidden="true"'),
        r'\1 aria-hidden="true" tabindex="-1"',
    ),
    (re.compile(r'(<div class="md-search"[^>]*role="dialog")'), r'\1 aria-label="Search"'),
    (re.compile(r"<th([^>]*)></th>"), r"<td\1></td>"),
    (re.compile(r"<table>"), '<div class="wide" tabindex="0"><table class="plain">'),
    (re.compile(r"</table>"), "</table></div>"),
)
"""Hidden inputs that take the focus, a dialog without a name, empty headings, tables that keys can't scroll."""
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add every page that the configuration does not name: those in folders, and those that are new."""
    assert config.nav is not None
    docs = Path(config.docs_dir)
    named = str(config.nav)
    for folder in sorted({path.parent for path in docs.glob("*/*.md")}):
        pages = [f"{folder.name}/{path.name}" for path in sorted(folder.glob("*.md"))]
        config.nav.append({FOLDERS.get(folder.name, folder.name.capitalize()): pages})
    if new := [path.name for path in sorted(docs.glob("*.md")) if path.name not in named]:
        config.nav.append({"More": new})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make pages of the files at the root."""
    from mkdocs.structure.files import File

    for name, source in PAGES.items():
        text = (ROOT / source).read_text().replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_more: Any) -> str:
    """Keep links between pages; of one to a file of the repository its words and its path stay."""

    def kept(found: re.Match[str]) -> str:
        text, path, anchor = found[1], found[2], found[3] or ""
        if "://" in path or path.startswith("mailto:"):
            return found[0]
        base = Path(page.file.src_uri).parent
        inner = _normal(base / path)
        if inner in _BACK:  # as seen from the root
            return f"[{text}]({_up(base)}{_BACK[inner]}{anchor})"
        outer = _normal(Path("docs") / base / path)
        if outer in _BACK:
            return f"[{text}]({_up(base)}{_BACK[outer]}{anchor})"
        if files.get_file_from_path(inner):
            return found[0]
        return (
            text
            if text.strip("`") == path
            else f"{text} (`{outer.removeprefix('docs/') if page.file.src_uri in PAGES else outer}`)"
        )

    return _LINK.sub(kept, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - as MkDocs calls it
    """Mend what of the theme and of Markdown's tables keeps people out who don't see or don't point."""
    return _mended(output)


def on_post_template(output_content: str, **_more: Any) -> str:
    """Mend the page for addresses that lead nowhere, which is made of no Markdown."""
    return _mended(output_content)


def _mended(html: str) -> str:
    for was, now in _MENDED:
        html = was.sub(now, html)
    return html


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if parts:
                parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _up(base: Path) -> str:
    return "../" * len(base.parts)
