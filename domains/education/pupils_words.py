"""How pupils write: what they put before and after a question, what they type for a word, and what is no question of ours.

    "hey " + "i added the tops and the bottoms and got 2/5" + " pls help"

All of it was written for this project; slots such as {a} stand for numbers.
"""

from __future__ import annotations

__all__ = ["MENTIONS", "OFF_TOPIC", "PREFIXES", "SPOKEN", "SUFFIXES"]

PREFIXES = (
    "hi, ",
    "hey ",
    "hello, ",
    "um ",
    "sorry but ",
    "quick question: ",
    "im stuck. ",
    "i dont get this: ",
    "please help, ",
    "for my homework: ",
    "my sister asked me and i didnt know: ",
    "we did this on tuesday but ",
    "so ",
    "ok so ",
    "page 12, ",
    "i was ill when we did it. ",
    "can you explain this? ",
    "question 4 b) ",
)
SUFFIXES = (
    "?",
    "??",
    " pls help",
    " please",
    " thanks",
    " test is tomorrow",
    " i dont get it",
    " can you explain",
    " :(",
    " help",
    " my teacher went too fast",
    " and why",
    ", any idea",
    " lol",
    " i have to hand it in today",
)
SPOKEN = {
    "you": "u",
    "your": "ur",
    "are": "r",
    "because": "cuz",
    "please": "plz",
    "with": "wiv",
    "what": "wot",
    "though": "tho",
    "something": "smth",
    "don't": "dont",
    "and": "n",
    "the": "da",
    "why": "y",
    "number": "nr",
    "numbers": "numbas",
    "question": "q",
}
MENTIONS = (
    "{text}, its about {name}",
    "{text} ({name})",
    "{name}: {text}",
    "we are doing {name}. {text}",
    "with {name}, {text}",
    "{text}. its in the bit on {name}",
    "i missed {name}, {text}",
    "{text}, its the {name} homework",
)
OFF_TOPIC = (
    "who won the world cup in {d}",
    "what should i wear to the school party",
    "how do i get past level {c} in the game with the blocks",
    "who was the first king of england",
    "can you write a poem about my cat",
    "when did the second world war end",
    "what time does the canteen open",
    "do you like me",
    "whats the best phone to buy",
    "tell me a joke",
    "how do i say good morning in japanese",
    "which team is better, red or blue",
    "my friend is not talking to me any more",
    "who painted the mona lisa",
    "is there football practice on friday",
    "how do you bake banana bread",
    "what is the capital of peru",
    "summarise chapter {a} of the novel we read in class",
    "how long do hamsters live",
    "can i have my phone back",
    "what did the romans eat for breakfast",
    "where do i put a comma in a letter",
    "what is the past tense of to go",
    "who is the singer in that new song",
    "my locker key is lost who do i tell",
    "what happens at the end of the film",
    "write my history essay about the french revolution",
    "how do i draw a horse",
    "what is a metaphor",
    "are you a robot",
)
