"""Texts that are no task's business: other subjects, other languages, noise. Written for this project."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FOREIGN"]

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "cooking": (
        "Fry the onions until they are golden, then add the rice and a ladle of broth.",
        "Knead the dough for ten minutes and let it rise under a cloth.",
        "The soup wants more salt and a squeeze of lemon before serving.",
    ),
    "sport": (
        "The home side scored twice in the last five minutes and went through on away goals.",
        "She served three aces in a row and broke back at once.",
        "The marathon was run in rain and a strong wind from the harbour.",
    ),
    "law": (
        "The lessee shall return the premises in the condition in which they were received.",
        "This clause survives the termination of the agreement for two years.",
        "The appeal was dismissed because it had been lodged out of time.",
    ),
    "weather": (
        "Cloudy at first, clearing from the west by noon, with light frost after midnight.",
        "A gale warning is in force for the whole of the northern coast.",
    ),
    "code": (
        "for (int i = 0; i < n; i++) { total += values[i]; } return total;",
        "SELECT name, count(*) FROM visits GROUP BY name ORDER BY 2 DESC;",
    ),
    "other languages": (
        "Der Zug nach Hamburg hat heute etwa zwanzig Minuten Verspätung.",
        "El mercado abre los domingos y vende flores, queso y libros viejos.",
        "図書館は月曜日が休みです。",
    ),
}
"""Subject -> sentences."""
