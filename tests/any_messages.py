"""Messages as nobody would write them, for property tests of formats."""

from __future__ import annotations

from hypothesis import strategies as st

from sample_messages import AT
from tocsin.core.message import Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.run import Link

#: What means something to Slack, Discord, Telegram or Teams, or breaks what is written without care.
_MARKUP = [
    *("<!channel>", "<@U1>", "@everyone", "@ops", "<@1>", "</run:1>", "<t:1>", "#general", "$USD", "/start", ":smile:"),
    *("[docs](https://evil.example)", "https://evil.example", "discord.gg/evil", "evil.example", "ops@evil.example"),
    *("{{DATE(2026-11-23T05:08:09Z)}}", "{{TIME(2026-11-23T05:08:09Z)}}", "<b>", "<at>ops</at>", "&lt;", "1. ", "-# "),
    *(
        "<",
        ">",
        "&",
        "`",
        "```",
        "*",
        "_",
        "~~",
        "||",
        "\\",
        "|",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "-",
        "+",
        ".",
        ":",
        "!",
    ),
    *("\n", " ", "\t", "\x00", "\u200b", "\u202e", "\ud800", "😀", "漢"),
]
nasty = st.lists(st.sampled_from(_MARKUP) | st.text(max_size=20)).map("".join)
words = nasty | st.builds(lambda piece, times: piece * times, nasty, st.integers(0, 300))
addresses = nasty | st.sampled_from(
    ["https://ok.example", "http://localhost:8080/a", "https://ok.example/(a)*b_", "https://ok.example/" + "x" * 2_000]
)
blocks = st.one_of(
    st.builds(Facts, items=st.lists(st.builds(Fact, label=words, value=words), max_size=5).map(tuple)),
    st.builds(Paragraph, text=words, label=words),
    st.builds(Code, code=words, label=words),
)
messages = st.builds(
    Message,
    title=words,
    tone=st.sampled_from(Tone),
    blocks=st.lists(blocks, max_size=6).map(tuple),
    links=st.lists(st.builds(Link, label=words, url=addresses), max_size=12).map(tuple),
    footer=words,
    at=st.just(AT),
)
