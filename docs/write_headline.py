"""Write the tables of CARE's gains into README.md and docs/studies.md, from the results in results/.

Run it with the project's environment: `.venv/bin/python docs/write_headline.py`.
"""

from pathlib import Path

from carekit.research.studies.headline import headline, written_into

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": True, "docs/studies.md": False}  # whether its table is the short one


def main() -> None:
    for name, short in PAGES.items():
        page = ROOT / name
        page.write_text(written_into(page.read_text(encoding="utf-8"), headline(short=short)), encoding="utf-8")
        print(f"Written: {name}")


if __name__ == "__main__":
    main()
