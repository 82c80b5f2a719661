from pathlib import Path

from secure_file_transfer.frontends.cli import reference

DOCS = Path(__file__).parents[4] / "docs"


def test_the_page_is_what_the_commands_say() -> None:
    written = (DOCS / "cli.md").read_text()
    assert written == reference.text(), "run: python -m secure_file_transfer.frontends.cli.reference > docs/cli.md"


def test_the_page_knows_every_exit_code() -> None:
    from secure_file_transfer.errors import TABLE

    assert TABLE
    lines = (DOCS / "cli.md").read_text().splitlines()
    for code, error in TABLE.items():
        row = next(line for line in lines if line.startswith(f"| {error.row.exit} |"))
        assert f"`{code}`" in row
