"""AccelTran's design space, whole: prints the answer and writes a report."""

from __future__ import annotations

from pathlib import Path

import dse
from dse.show.summary_text import summary_text
from dse.study.summary import summarize


def main() -> None:
    """Run the study beside this file; the report goes to results/ where you are."""
    study = dse.load_study(Path(__file__).parent)
    front = study.run()
    print(summary_text(summarize(study, front)))

    knee = front.row(front.knee())
    print(f"\nThe knee as a design to go on with: {knee}")

    report = Path("results") / study.name / "report.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    dse.write_report(study, front, report)
    print(f"\nReport: {report}")


if __name__ == "__main__":
    main()
