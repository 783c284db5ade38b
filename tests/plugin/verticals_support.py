"""A third party's domain: which of a bank's services a customer's message is about (`text,category` as in BANKING77)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from verticals import DataError, Domain, Field, Reader, SafetyPolicy, Task
from verticals.evaluation.metrics.standard import ACCURACY, MACRO_F1, TOP_3

if TYPE_CHECKING:
    import pandas as pd

SAYINGS = {
    "card_arrival": ("where is my new card", "my card has not come yet", "how long until the card is delivered"),
    "lost_card": ("i lost my card", "someone stole my wallet with the card in it", "i cannot find my card anywhere"),
    "exchange_rate": ("what rate do you use for euros", "how is the exchange rate set", "the rate looks wrong to me"),
    "top_up": ("how do i add money", "my top up did not go through", "can i put cash into the account"),
}
OPENINGS = ("hello, ", "please help: ", "", "quick question, ", "good morning, ")
ENDINGS = ("?", ".", " thanks", " as soon as possible", "")


def simulate(rows: int, seed: int) -> pd.DataFrame:
    """Messages in customers' words."""
    import pandas as pd

    draw = random.Random(seed)
    intents = [draw.choice(sorted(SAYINGS)) for _ in range(rows)]
    texts = [draw.choice(OPENINGS) + draw.choice(SAYINGS[intent]) + draw.choice(ENDINGS) for intent in intents]
    return pd.DataFrame({"text": texts, "category": intents})


def read_banking(path: Path) -> pd.DataFrame:
    """Read BANKING77's CSV: columns text and category."""
    import pandas as pd

    frame = pd.read_csv(path)
    if list(frame.columns) != ["text", "category"]:
        raise DataError(f"{path.name} has the columns {list(frame.columns)}; BANKING77 has text and category.")
    return frame


INTENTS = Task(
    name="support.intents",
    version="1",
    title="Which service is this message about?",
    kind="classification",
    label="category",
    fields=(Field("text", "text", required=True),),
    metrics=(ACCURACY, MACRO_F1, TOP_3),
    safety=SafetyPolicy("Routes a message; a person answers it.", max_error=0.1, referral="Send it to the desk."),
    readers=(Reader("banking77", "BANKING77's train.csv and test.csv", read_banking),),
    simulate=simulate,
    simulated_rows=400,
)
DOMAIN = Domain("support", "Customer service", (INTENTS,))
