"""Writes numbers the Roman way: "python roman.py 2026" prints MMXXVI."""

import sys

VALUES = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
LETTERS = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]


def roman(number):
    written = ""
    for value, letters in zip(VALUES, LETTERS, strict=True):
        while number >= value:
            written += letters
            number -= value
    return written


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: roman.py NUMBER...")
    for word in sys.argv[1:]:
        print(roman(int(word)))
