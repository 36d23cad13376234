"""Two hundred titles and summaries that would ping, format, link or hide, if anything parsed them."""

from __future__ import annotations

MENTIONS = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!channel|channel>",
    "<@U024BE7LH>",
    "<@W012A3CDE|ceo>",
    "<#C024BE7LR>",
    "<#C024BE7LR|general>",
    "<!subteam^SAZ94GDB8>",
    "<!subteam^SAZ94GDB8|@oncall>",
    "@channel",
    "@here",
    "@everyone",
    "#general",
]
LINKS = [
    "<https://evil.example|Our own site>",
    "<http://evil.example>",
    "<mailto:ceo@corp.example|mail>",
    "<javascript:alert(1)|click>",
    "<tel:+1900|call>",
    "[click](https://evil.example)",
    "<a href='https://evil.example'>click</a>",
    "<slack://open|open>",
    "<!date^1392734382^{date}^https://evil.example|today>",
    "<!date^1392734382^{date}|today>",
]
FORMATS = [
    "*bold*",
    "_it_",
    "~gone~",
    "`code`",
    "```block```",
    "> quote",
    ":rotating_light:",
    "1. one",
    "• dot",
    "&amp;",
]
TWISTS = [
    "&lt;!channel&gt;",
    "&#60;!channel&#62;",
    "\\u003c!channel>",
    "<\u200b!channel>",
    "<!\u2060channel>",
    "＜!channel＞",
]
HIDERS = [
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u200f",
    "\u00ad",
    "\U000e0041",
    "\x00",
    "\x1b[31m",
    "\ud800",
]

CORE = MENTIONS + LINKS + TWISTS
WRAPPED = [
    *CORE,
    *FORMATS,
    *(f"News {text} of today" for text in CORE + FORMATS),
    *(f"*{text}*" for text in CORE),
    *(f"{text[0]}{hider}{text[1:]}" for hider, text in zip(HIDERS * 3, CORE, strict=False)),
    *(f"before {hider} after" for hider in HIDERS),
    *(f"|{text}|" for text in CORE),
    *(f">{text}<" for text in CORE[:20]),
]
INJECTIONS = WRAPPED[:200]
