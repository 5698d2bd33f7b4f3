//! Status words in words.

use apdu::StatusWord;

#[test]
fn numbers_in_a_status_word_are_spelled_out_in_both_languages() {
    for (status, english, chinese) in [
        (StatusWord::OK, "done", "成功"),
        (StatusWord(0x6110), "16 bytes to be fetched", "还有 16 字节"),
        (StatusWord(0x6100), "256 bytes or more", "256 字节或更多"),
        (StatusWord(0x6C1E), "wrong Le, 30 is right", "应为 30"),
        (StatusWord(0x6C00), "256 is right", "应为 256"),
        (StatusWord(0x63C2), "2 tries left", "还可再试 2 次"),
        (StatusWord(0x63C0), "0 tries left", "还可再试 0 次"),
        (StatusWord(0x6300), "authentication failed", "认证失败"),
        (StatusWord::BALANCE_INSUFFICIENT, "balance not sufficient", "余额不足"),
        (StatusWord(0x6381), "not in the table", "未列入表"),
        (StatusWord(0x1234), "not in the table", "未列入表"),
    ] {
        assert!(status.meaning().contains(english), "{status}: {}", status.meaning());
        assert!(status.meaning_zh().contains(chinese), "{status}: {}", status.meaning_zh());
    }
}

#[test]
fn made_status_words_carry_their_number() {
    assert_eq!(StatusWord::more(0x10), StatusWord(0x6110));
    assert_eq!(StatusWord::more(0x100), StatusWord(0x6100));
    assert_eq!(StatusWord::right_le(0xFF), StatusWord(0x6CFF));
    assert_eq!(StatusWord::right_le(0x1000), StatusWord(0x6C00));
    assert_eq!(StatusWord::tries_left(3), StatusWord(0x63C3));
    assert_eq!(StatusWord::tries_left(0xF3), StatusWord(0x63C3));
    assert_eq!(StatusWord(0x6A82).bytes(), [0x6A, 0x82]);
    assert_eq!(StatusWord(0x6A82).to_string(), "6A82");
}

#[test]
fn every_status_word_has_a_meaning_in_both_languages() {
    for value in 0..=0xFFFF {
        let status = StatusWord(value);
        assert!(!status.meaning().is_empty() && !status.meaning_zh().is_empty(), "{status}");
    }
}
