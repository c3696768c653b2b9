"""How each synthetic site writes its case records down: names of columns, order, codes and date formats."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Layout:
    """`columns` maps the site's headings to the fields of `known_on`; `codes` maps values field by field."""

    columns: dict[str, str]
    codes: dict[str, dict[str, str]]
    dates: str = ""
    delimiter: str = ","
    newline: str = "\n"
    byte_order_mark: bool = False
    sheet: str = field(default="")


NORTHMOOR = Layout(
    columns={
        "Case number": "case_number",
        "Full name": "full_name",
        "Date of birth": "date_of_birth",
        "Postcode": "postcode",
        "Referral date": "referral",
        "Start date": "start",
        "Group": "arm",
        "Age at referral": "age",
        "Sex": "sex",
        "Previous convictions": "priors",
        "Stable housing at start": "stable",
        "EET at 6 months": "eet_seen",
        "Days in stable housing": "housing_seen",
        "Reconvicted in 6 months": "reconvicted_seen",
    },
    codes={
        "arm": {"fund": "FUND", "usual": "USUAL"},
        "stable": {"True": "Y", "False": "N"},
        "reconvicted_seen": {"True": "Y", "False": "N"},
    },
    dates="%d/%m/%Y",
    newline="\r\n",
    byte_order_mark=True,
)

EASTWICK = Layout(
    columns={
        "Ref": "case_number",
        "Name": "full_name",
        "DOB": "date_of_birth",
        "Post code": "postcode",
        "Referred on": "referral",
        "Started on": "start",
        "Arm": "arm",
        "Age": "age",
        "Gender": "sex",
        "Convictions": "priors",
        "Settled at start": "stable",
        "In work, training or education (6m)": "eet_seen",
        "Nights settled (of 180)": "housing_seen",
        "Reconvicted (6m)": "reconvicted_seen",
    },
    codes={
        "arm": {"fund": "A", "usual": "B"},
        "sex": {"M": "Male", "F": "Female"},
        "stable": {"True": "Yes", "False": "No"},
        "eet_seen": {"yes": "Yes", "no": "No", "unknown": "Not known"},
        "reconvicted_seen": {"True": "Yes", "False": "No"},
    },
    sheet="Cases",
)

SOUTHHAVEN = Layout(
    columns={
        "case_ref": "case_number",
        "person_name": "full_name",
        "birth_date": "date_of_birth",
        "postcode": "postcode",
        "referred": "referral",
        "started": "start",
        "allocation": "arm",
        "age_at_referral": "age",
        "sex": "sex",
        "n_convictions": "priors",
        "housed_at_start": "stable",
        "eet_6m": "eet_seen",
        "housed_days_180": "housing_seen",
        "reconv_6m": "reconvicted_seen",
    },
    codes={
        "arm": {"fund": "1", "usual": "0"},
        "sex": {"M": "m", "F": "f"},
        "stable": {"True": "1", "False": "0"},
        "eet_seen": {"yes": "1", "no": "0", "unknown": "9"},
        "reconvicted_seen": {"True": "1", "False": "0"},
    },
    dates="%Y-%m-%d",
    delimiter=";",
)

LAYOUTS = {"northmoor": NORTHMOOR, "eastwick": EASTWICK, "southhaven": SOUTHHAVEN}
