"""Goal: the holidays of Japan are what another author's program says too, and each disagreement has an official
source that decides it. Method: the calendar verb against python3-holidays, 2020 to 2040."""
import json
import subprocess

import holidays
import pytest

from gateway import binary

YEARS = range(2020, 2041)

# date: (we call it a holiday, who decides). Older releases of python3-holidays move the Games' holidays of 2020
# only, and give no day off when February 23 is a Sunday.
GAMES = "Cabinet Office, syukujitsu.csv, 2021; Act No. 33 of 2015 article 32 as amended by Act No. 68 of 2020"
SUNDAY = "Act on National Holidays article 3 (2): a holiday on a Sunday gives the next day that is none"
DISAGREEMENTS = {
    "2021-07-19": (False, GAMES), "2021-07-22": (True, GAMES), "2021-07-23": (True, GAMES), "2021-08-08": (True, GAMES),
    "2021-08-09": (True, GAMES), "2021-08-11": (False, GAMES), "2021-10-11": (False, GAMES),
    "2025-02-24": (True, SUNDAY + "; Cabinet Office, syukujitsu.csv, 2025"),
    "2031-02-24": (True, SUNDAY),
}

CONFIGURATION = """version: 1
timezone: Asia/Tokyo
listen: {https: ["127.0.0.1:8443"]}
portal: {url: "https://portal.example:8443"}
tls: {certificates: [{chain: a.pem, key: a.key}]}
store: {data: data, master_key: {file: master.key}}
people: {sato: {kind: staff}}
calendars: {national: {base: japan}, bank: {base: japan_bank}}
...
"""


@pytest.fixture(scope="module")
def days_of(tmp_path_factory):
    path = tmp_path_factory.mktemp("calendar") / "sekisho.yaml"
    path.write_text(CONFIGURATION)

    def ask(name, year):
        done = subprocess.run([binary(), "calendar", "--name", name, "--year", str(year), "--json", "-c", str(path)],
                              capture_output=True, text=True, check=True)
        return {day["date"]: day for day in json.loads(done.stdout)["days"]}

    return ask


def test_second_opinion(days_of):
    agreed, differing = 0, set()
    for year in YEARS:
        ours = set(days_of("national", year))
        theirs = {str(day) for day in holidays.Japan(years=[year])}
        agreed += len(ours & theirs)
        differing |= ours ^ theirs
        for date in ours ^ theirs:
            assert date in DISAGREEMENTS, f"{date}: ours {date in ours}, theirs {date in theirs}"
            assert (date in ours) == DISAGREEMENTS[date][0], f"{date}: {DISAGREEMENTS[date][1]}"
    assert agreed > 330
    assert not [date for date, (ours, _) in DISAGREEMENTS.items() if (date in days_of("national", int(date[:4]))) != ours]


def test_what_is_computed_says_so(days_of):
    assert not any(day["provisional"] for day in days_of("national", 2027).values())
    assert all(day["provisional"] for day in days_of("national", 2028).values())


def test_a_banks_year_end(days_of):
    more = set(days_of("bank", 2027)) - set(days_of("national", 2027))
    assert more == {"2027-01-02", "2027-01-03", "2027-12-31"}


def test_an_unknown_calendar_is_told(tmp_path):
    path = tmp_path / "sekisho.yaml"
    path.write_text(CONFIGURATION)
    done = subprocess.run([binary(), "calendar", "--name", "moon", "--year", "2027", "-c", str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "moon" in done.stderr
