#!/usr/bin/env python3
"""DES, triple DES and SM4, and the purse's MACs on top of them, in plain Python.

This file is a second opinion: it shares no code with the project it checks, nor with any
library. The DES tables are those of FIPS 46-3; the SM4 substitution box is not a table at
all but computed from its definition (inversion in GF(2^8) between two affine maps).

Run it to check it against published values:  python3 des_sm4.py
"""

import sys

# ------------------------------------------------------------------ DES (FIPS 46-3)

# Bit positions count from 1 at the most significant bit, as the standard does.
_IP = (
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
)
_FP = tuple(_IP.index(position) + 1 for position in range(1, 65))
_E = (
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
    16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
)
_P = (
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
)
_PC1 = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3,
    60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37,
    29, 21, 13, 5, 28, 20, 12, 4,
)
_PC2 = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)
_SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# Eight boxes of four rows; one hexadecimal digit per entry.
_S = (
    "E4D12FB83A6C5907" "0F74E2D1A6CB9538" "41E8D62BFC973A50" "FC8249175B3EA06D",
    "F18E6B34972DC05A" "3D47F28EC01A69B5" "0E7BA4D158C6932F" "D8A13F42B67C05E9",
    "A09E63F51DC7B428" "D709346A285ECBF1" "D6498F30B12C5AE7" "1AD069874FE3B52C",
    "7DE3069A1285BC4F" "D8B56F03472C1AE9" "A690CB7DF13E5284" "3F06A1D8945BC72E",
    "2C417AB6853FD0E9" "EB2C47D150FA3986" "421BAD78F9C5630E" "B8C71E2D6F09A453",
    "C1AF92680D34E75B" "AF427C9561DE0B38" "9EF528C3704A1DB6" "432C95FABE17608D",
    "4B2EF08D3C975A61" "D0B7491AE35C2F86" "14BDC37EAF680592" "6BD814A7950FE23C",
    "D2846FB1A93E50C7" "1FD8A374C56B0E92" "7B419CE206ADF358" "21E74A8DFC90356B",
)


def _permute(value, width, table):
    result = 0
    for position in table:
        result = result << 1 | value >> (width - position) & 1
    return result


def _substitution_and_p():
    """The eight S boxes with the permutation P folded in, indexed by the six input bits."""
    tables = []
    for number, box in enumerate(_S):
        table = []
        for six in range(64):
            row = six >> 4 & 2 | six & 1
            column = six >> 1 & 15
            nibble = int(box[16 * row + column], 16)
            table.append(_permute(nibble << (28 - 4 * number), 32, _P))
        tables.append(tuple(table))
    return tuple(tables)


_SP = _substitution_and_p()


def _des_round_keys(key):
    schedule = _permute(int.from_bytes(key, "big"), 64, _PC1)
    left, right = schedule >> 28, schedule & 0xFFFFFFF
    keys = []
    for shift in _SHIFTS:
        left = (left << shift | left >> (28 - shift)) & 0xFFFFFFF
        right = (right << shift | right >> (28 - shift)) & 0xFFFFFFF
        keys.append(_permute(left << 28 | right, 56, _PC2))
    return keys


def _des_block(round_keys, block):
    state = _permute(int.from_bytes(block, "big"), 64, _IP)
    left, right = state >> 32, state & 0xFFFFFFFF
    for round_key in round_keys:
        mixed = _permute(right, 32, _E) ^ round_key
        change = 0
        for number in range(8):
            change ^= _SP[number][mixed >> (42 - 6 * number) & 0x3F]
        left, right = right, left ^ change
    return _permute(right << 32 | left, 64, _FP).to_bytes(8, "big")


def des_encrypt(key, block):
    """One block of single DES."""
    return _des_block(_des_round_keys(key), block)


def des_decrypt(key, block):
    """One block of single DES, backwards."""
    return _des_block(_des_round_keys(key)[::-1], block)


def tdes_encrypt(key, block):
    """One block: two-key triple DES for 16 key bytes, single DES for 8."""
    if len(key) == 8:
        return des_encrypt(key, block)
    return des_encrypt(key[:8], des_decrypt(key[8:16], des_encrypt(key[:8], block)))


# ------------------------------------------------------------------ SM4 (GB/T 32907)


def _sm4_sbox():
    """S(x) = A(inverse(A(x))) with A(x) = x times the circulant of D3, plus D3."""

    def affine(value):
        result = 0
        for bit in range(8):
            row = 0xD3 >> bit | 0xD3 << (8 - bit) & 0xFF
            result |= (bin(row & value).count("1") & 1) << (7 - bit)
        return result ^ 0xD3

    def multiply(one, other):
        result = 0
        while other:
            if other & 1:
                result ^= one
            one <<= 1
            if one & 0x100:
                one ^= 0x1F5  # x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1
            other >>= 1
        return result

    inverse = [0] * 256
    for one in range(1, 256):
        if not inverse[one]:
            other = next(o for o in range(1, 256) if multiply(one, o) == 1)
            inverse[one], inverse[other] = other, one
    return bytes(affine(inverse[affine(value)]) for value in range(256))


_SM4_S = _sm4_sbox()
_FK = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
_CK = tuple(
    int.from_bytes(bytes((4 * i + j) * 7 & 0xFF for j in range(4)), "big") for i in range(32)
)


def _rotate(word, count):
    return (word << count | word >> (32 - count)) & 0xFFFFFFFF


def _tau(word):
    return int.from_bytes(word.to_bytes(4, "big").translate(_SM4_S), "big")


def _words(block):
    return [int.from_bytes(block[i : i + 4], "big") for i in range(0, 16, 4)]


def sm4_encrypt(key, block):
    """One block of SM4."""
    schedule = [word ^ constant for word, constant in zip(_words(key), _FK)]
    state = _words(block)
    for constant in _CK:
        word = _tau(schedule[1] ^ schedule[2] ^ schedule[3] ^ constant)
        round_key = schedule[0] ^ word ^ _rotate(word, 13) ^ _rotate(word, 23)
        schedule = schedule[1:] + [round_key]
        word = _tau(state[1] ^ state[2] ^ state[3] ^ round_key)
        word ^= _rotate(word, 2) ^ _rotate(word, 10) ^ _rotate(word, 18) ^ _rotate(word, 24)
        state = state[1:] + [state[0] ^ word]
    return b"".join(word.to_bytes(4, "big") for word in reversed(state))


# ------------------------------------------------------------------ what the purse does


def _xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def _complement(data):
    return bytes(byte ^ 0xFF for byte in data)


def _pad(data, size):
    """80 00 .. to whole blocks; a whole block more where the data is already aligned."""
    data += b"\x80"
    return data + bytes(-len(data) % size)


def _cbc_mac(encrypt, size, key, data):
    chain = bytes(size)
    data = _pad(data, size)
    for start in range(0, len(data), size):
        chain = encrypt(key, _xor(chain, data[start : start + size]))
    return chain[:4]


class TripleDes:
    """The purse suite of 1997: 16-byte keys, 8-byte session keys, single-DES MACs."""

    name = "3des"

    @staticmethod
    def diversify(master, factor):
        return tdes_encrypt(master, factor) + tdes_encrypt(master, _complement(factor))

    @staticmethod
    def session_key(key, data8):
        return tdes_encrypt(key, data8)

    @staticmethod
    def mac(session_key, data):
        return _cbc_mac(des_encrypt, 8, session_key, data)

    @staticmethod
    def tac(tac_key, data):
        folded = _xor(tac_key[:8], tac_key[8:16]) if len(tac_key) == 16 else tac_key
        return _cbc_mac(des_encrypt, 8, folded, data)


class Sm4:
    """The purse suite of the national algorithms: 16-byte keys and session keys throughout."""

    name = "sm4"

    @staticmethod
    def diversify(master, factor):
        return sm4_encrypt(master, factor + _complement(factor))

    @staticmethod
    def session_key(key, data8):
        return sm4_encrypt(key, data8 + _complement(data8))

    @staticmethod
    def mac(session_key, data):
        return _cbc_mac(sm4_encrypt, 16, session_key, data)

    @staticmethod
    def tac(tac_key, data):
        return _cbc_mac(sm4_encrypt, 16, tac_key, data)


def suite(name):
    """The suite with this name in a profile: `3des` or `sm4`."""
    suites = {"3des": TripleDes, "sm4": Sm4}
    if name not in suites:
        raise ValueError(f"unknown algorithm {name!r}, expected one of {sorted(suites)}")
    return suites[name]


def diversify(algorithm, master, factors):
    """The card key below `master`; the highest level's factor comes first."""
    for factor in factors:
        master = algorithm.diversify(master, factor)
    return master


# ------------------------------------------------------------------ self-check


def self_check():
    """Compares with published values; returns how many, raises AssertionError at the first miss."""
    h = bytes.fromhex
    count = 0

    def same(what, got, want):
        nonlocal count
        count += 1
        if got != h(want):
            raise AssertionError(f"{what}: computed {got.hex().upper()}, published {want}")

    # The worked DES example that circulates with the standard, and two corner keys of SP 800-17.
    same("DES", des_encrypt(h("133457799BBCDFF1"), h("0123456789ABCDEF")), "85E813540F0AB405")
    same("DES decrypt", des_decrypt(h("133457799BBCDFF1"), h("85E813540F0AB405")), "0123456789ABCDEF")
    same("DES weak key", des_encrypt(h("0101010101010101"), h("8000000000000000")), "95F8A5E5DD31D900")
    same("DES S boxes", des_encrypt(h("7CA110454A1A6E57"), h("01A1D6D039776742")), "690F5B0D9A26939B")
    # GB/T 32907 appendix A.1.
    key = h("0123456789ABCDEFFEDCBA9876543210")
    same("SM4", sm4_encrypt(key, key), "681EDF34D206965E86B3E94F536E4246")

    # Published load with every MAC (www.cnblogs.com/ttss/p/4280376.html).
    key = h("11223344556677888877665544332211")
    session = TripleDes.session_key(key, h("11223344" "0000" "8000"))
    same("load session key", session, "9B1D924E05595603")
    same("load MAC1", TripleDes.mac(session, h("00000000" "00001000" "01" "001122334455")), "2988AE5A")
    same(
        "load MAC2",
        TripleDes.mac(session, h("00001000" "01" "001122334455" "20111221" "214822")),
        "3A845BF0",
    )
    # Published load and purchase of one FM1208 card (klks/fmcos-python, debugging record).
    key = h("00112233445566778899AABBCCDDEEFF")
    tac_key = h("8888888888888888")
    session = TripleDes.session_key(key, h("C903814D" "0000" "8000"))
    same("FM1208 load MAC1", TripleDes.mac(session, h("00000000" "00002000" "02" "001122334455")), "03976C22")
    tail = "00002000" "02" "001122334455" "20161216" "105800"
    same("FM1208 load MAC2", TripleDes.mac(session, h(tail)), "8AFA5718")
    same("FM1208 load TAC", TripleDes.tac(tac_key, h("00002000" "0000" + tail)), "FA00066D")
    session = TripleDes.session_key(key, h("584633C9" "0000" "0000"))
    same("FM1208 purchase session key", session, "C08346DF9F1D457A")
    same(
        "FM1208 purchase MAC1",
        TripleDes.mac(session, h("00000001" "06" "001122334455" "20161216" "134600")),
        "D45737C5",
    )
    same("FM1208 purchase MAC2", TripleDes.mac(session, h("00000001")), "66B54A6B")
    same(
        "FM1208 purchase TAC",
        TripleDes.tac(tac_key, h("00000001" "06" "001122334455" "00000000" "20161216" "134600")),
        "8AF270DC",
    )
    # Published diversification (same repository, PSAM key loading).
    same(
        "diversification",
        TripleDes.diversify(key, h("1122334455667788")),
        "496BD7A3513644533100B54E71196528",
    )

    # Two levels, 27-byte MAC1, folded TAC key, unload and SM4: values derived from the rules by
    # another program.
    city = diversify(TripleDes, key, [h("4100FF0000000000"), h("1234567890123456")])
    same("CJT card key", city, "E7C1F0EC48B830572165E1F08A31A6E0")
    session = TripleDes.session_key(city, h("A1B2C3D4" "0005" "002A"))
    data = "000000C8" "09" "313233343536" "20240102" "030405"
    same("CJT MAC1, 27 bytes", TripleDes.mac(session, h(data + "8588D32B7688D32B76")), "13076F66")
    same("CJT MAC1, 18 bytes", TripleDes.mac(session, h(data)), "89939E53")
    data = "000000C8" "09" "313233343536" "0000002A" "20240102" "030405"
    folded = h("FFEEDDCCBBAA99887766554433221100")
    same("CJT TAC", TripleDes.tac(folded, h(data)), "3C738256")
    session = TripleDes.session_key(key, h("A1B2C3D4" "0007" "8000"))
    data = "0000" "1B58" "0007" "00000BB8" "03" "313233343536" "20240102" "030405"
    same("unload MAC3", TripleDes.mac(session, h(data)), "39A19F2D")
    master = h("0123456789ABCDEFFEDCBA9876543210")
    card = diversify(Sm4, master, [h("01011000FFFFFFFF"), h("1234567890123456")])
    same("SM4 card key", card, "D60CC246061FE077E63FE649BCA5BFB9")
    session = Sm4.session_key(card, h("A1B2C3D4" "0005" "002A"))
    same("SM4 session key", session, "8676FD99B96E14C2C4DFAB7705304E97")
    data = "000000C8" "09" "313233343536" "20240102" "030405"
    same("SM4 MAC1", Sm4.mac(session, h(data)), "B642E54F")
    same("SM4 MAC2", Sm4.mac(session, h("000000C8")), "141499F3")
    data = "000000C8" "09" "313233343536" "0000002A" "20240102" "030405"
    same("SM4 TAC", Sm4.tac(h("00112233445566778899AABBCCDDEEFF"), h(data)), "8272FEA2")
    return count


if __name__ == "__main__":
    try:
        print(f"OK {self_check()} checks")
    except AssertionError as miss:
        sys.exit(str(miss))
