"""What terminals send besides keys: answers, reports and strings, whole or odd, cut anywhere."""

from __future__ import annotations

from hypothesis import strategies as st

ANSWERS = (
    b"\x1bP>|tmux 3.4\x1b\\",  # XTVERSION
    b"\x1bP>|XTerm(390)\x1b\\",
    b"\x1bP1$r0 q\x1b\\",  # DECRQSS
    b"\x1bP1+r544e=787465726d\x1b\\",  # XTGETTCAP
    b"\x1bP!|00000000\x1b\\",  # DA3
    b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    b"\x1b]10;rgb:dcdc/dcdc/dcdc\x07",
    b"\x1b]52;c;eHhkZGRqamo=\x07",
    b"\x1b]lthe title DRK\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",  # kitty graphics
    b"\x1b[?62;4;6;22c",  # DA1
    b"\x1b[>41;354;0c",  # DA2
    b"\x1b[?0u",  # kitty flags
    b"\x1b[12;40R",  # CPR
    b"\x1b[1;2R",
    b"\x1b[?12;40;1R",
    b"\x1b[3n",
    b"\x1b[?997;1n",  # colour scheme
    b"\x1b[8;40;120t",
    b"\x1b[4;800;1200t",
    b"\x1b[48;0;0;0;0t",
    b"\x1b[48;9999;9999;1;1t",
    b"\x1b[?25;1$y",
    b"\x1b[12;4$y",
    b"\x1b[>4;2m",  # XTQMODKEYS
)
"""Answers that are no keys, in seven bits."""

ODD_KEYS = (
    b"\x1b[1;1:3B",
    b"\x1b[106;1:3u",
    b"\x1b[120;1:3u",
    b"\x1b[13;1:3u",
    b"\x1b[27;1:3u",
    b"\x1b[106:74:106;2:3u",
    b"\x1b[57999;1u",
    b"\x1b[1114112u",
    b"\x1b[55296u",
    b"\x1b[99999999999999999999u",
    b"\x1b[106;99999u",
    b"\x1b[106;1:9u",
    b"\x1b[0;;13u",
    b"\x1b[0;;27:91u",
    b"\x1b[106;1;1114112u",
    b"\x1b[;;u",
    b"\x1b[::;::;::u",
    b"\x1b[<3;5M",
    b"\x1b[<0;0;0M",
    b"\x1b[<0;-1;4M",
    b"\x1b[<128;10;10M",
    b"\x1b[<65;10;10m",
    b"\x1b[<0;99999999;3M",
    b"\x1b[M !!",
    b"\x1b[M\xe3\xa9\x20",
    b"\x1b[32;10;10M",
    b"\x1bO9Z",
    b"\x1b[?1;2;\x01",
    b"\x1b[201~",
)
"""Reports that are no press of anything."""

_BODY = st.text(
    st.characters(codec="utf-8", exclude_characters="\x07\x18\x1a\x1b\x9c"), max_size=40
).map(str.encode)
_INTRODUCERS = st.sampled_from(
    [introducer for char in b"PX]^_" for introducer in (b"\x1b%c" % char, bytes([char + 0x40]))]
    + [chr(char + 0x40).encode() for char in b"PX]^_"]
)
_ENDS = st.sampled_from((b"\x1b\\", b"\x07", b"\x9c", "\x9c".encode()))
strings = st.builds(lambda *parts: b"".join(parts), _INTRODUCERS, _BODY, _ENDS)
"""Control strings of any kind, whole."""

eight_bits = st.sampled_from([a for a in ANSWERS if a[:2] == b"\x1b["]).map(
    lambda answer: b"\x9b" + answer[2:]
)
noise = st.one_of(st.sampled_from(ANSWERS), st.sampled_from(ODD_KEYS), strings, eight_bits)
"""Something that is no key, whole."""

sequences = st.builds(
    lambda parameters, between, final: f"\x1b[{parameters}{between}{final}".encode(),
    st.text("0123456789:;<=>?", max_size=40),
    st.text(" !\"#$%&'()*+,-./", max_size=2),
    st.characters(min_codepoint=0x40, max_codepoint=0x7E),
)
"""Sequences of any kind, sense or nonsense."""


@st.composite
def cut(draw: st.DrawFn, pieces: st.SearchStrategy[list[bytes]]) -> tuple[list[bytes], list[bytes]]:
    """Pieces, and all their bytes as they may be read: cut anywhere."""
    drawn = draw(pieces)
    data = b"".join(drawn)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=12)))
    starts = [0, *cuts]
    reads = [data[start:end] for start, end in zip(starts, [*cuts, len(data)], strict=True)]
    return drawn, [read for read in reads if read]
