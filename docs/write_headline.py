"""Write the README's table of CARE's gains from the results in results/.

Run it with the project's environment: `.venv/bin/python docs/write_headline.py`.
"""

from pathlib import Path

from carekit.research.studies.headline import headline, written_into

README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    README.write_text(written_into(README.read_text(encoding="utf-8"), headline()), encoding="utf-8")
    print(f"Written: {README}")


if __name__ == "__main__":
    main()
