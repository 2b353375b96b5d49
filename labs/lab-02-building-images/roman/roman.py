"""Writes numbers the Roman way: "python roman.py 2026" prints MMXXVI."""

import sys

LETTERS = {
    1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC",
    50: "L", 40: "XL", 10: "X", 9: "IX", 5: "V", 4: "IV", 1: "I",
}


def roman(number):
    written = ""
    for value, letters in LETTERS.items():
        while number >= value:
            written += letters
            number -= value
    return written


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: roman.py NUMBER...")
    for word in sys.argv[1:]:
        print(roman(int(word)))
