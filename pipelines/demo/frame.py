"""The coding frame of the synthetic pilot: eight codes in three groups, with definitions.

The groups follow the good help characteristics (Wilson et al. 2018) as far as the interviews can speak to them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FrameCode:
    """One code: `key` is used in the stories, `name` in the project file and the protocol."""

    key: str
    name: str
    group: str
    definition: str
    include: str
    exclude: str
    good_help: str


FRAME = (
    FrameCode(
        "control",
        "Control over own goals",
        "Agency and choice",
        "The person decides what to aim for, or is kept from deciding.",
        "Choosing, changing or refusing a goal or a purchase; having a choice narrowed by others.",
        "Feeling good about the result (Pride).",
        "power sharing; tailoring",
    ),
    FrameCode(
        "pride",
        "Pride",
        "Agency and choice",
        "The person, or somebody close to them, is proud of something done or owned.",
        "Being seen differently; keeping or showing a token of it.",
        "Being pleased with the worker (Relationship with worker).",
        "scaffolding",
    ),
    FrameCode(
        "worker",
        "Relationship with worker",
        "Relationships",
        "What the worker and the person are like with each other.",
        "Time, listening, honesty, doing things together; changes of worker.",
        "Belief in the service as a whole (Trust).",
        "enabling conversations",
    ),
    FrameCode(
        "trust",
        "Trust",
        "Relationships",
        "Believing, or not believing, that the service means what it says.",
        "Promises kept or broken; suspicion of a catch; telling the service something risky.",
        "Liking one worker (Relationship with worker).",
        "transparency",
    ),
    FrameCode(
        "barriers",
        "Practical barriers removed",
        "How the fund worked",
        "Something practical that stood in the way, and what became of it.",
        "Travel, identity papers, tools, clothes, housing, equipment, fees.",
        "Barriers made by the fund's own process (Delays and bureaucracy).",
        "opportunity making",
    ),
    FrameCode(
        "delays",
        "Delays and bureaucracy",
        "How the fund worked",
        "Waiting, forms, signatures, lists and panels of the fund itself.",
        "What the wait cost; ideas for making it quicker.",
        "Waits elsewhere, such as a college's own timetable.",
        "transparency",
    ),
    FrameCode(
        "awkward",
        "Awkwardness in asking",
        "How the fund worked",
        "Shame, stigma or unease in asking for money or in being seen to receive it.",
        "Asking late or for less; asking within earshot of others.",
        "Worry that others get nothing (Fairness worries).",
        "power sharing",
    ),
    FrameCode(
        "fairness",
        "Fairness worries",
        "How the fund worked",
        "Worry about who gets the fund and who does not.",
        "The draw; people outside the pilot; what happens when the money ends.",
        "Being refused a particular purchase (Control over own goals).",
        "transparency",
    ),
)
