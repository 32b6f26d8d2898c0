"""`python -m manifests`: write the generated files of `platform/knative/base` again."""

from __future__ import annotations

from manifests.files import BASE, files


def main() -> None:
    """Write what is to be there and remove what a function left behind that is no more."""
    wanted = files()
    for path, text in wanted.items():
        (BASE / path).parent.mkdir(parents=True, exist_ok=True)
        (BASE / path).write_text(text)
    for path in (BASE / "functions").glob("*.yaml"):
        if path.relative_to(BASE) not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
