//! Mistakes with the session key (过程密钥) and its input.

use crypto::Suite;

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::scenario::{KeyForm, Scenario, SessionForm, SessionOrder};

rows! { Session
    "random-reversed" Usual
        "the card's random is taken backwards, last byte first"
        "卡片随机数按字节倒序"
        |grid| session(grid, |one| one.random.reverse());
    "random-zero" Usual
        "the random is zero"
        "随机数为零"
        |grid| session(grid, |one| one.random = [0; 4]);
    "random-of-psam" Usual
        "the random is what the PSAM was told, not what the card answered"
        "随机数用的是发给 PSAM 的, 与卡应答的不同"
        |grid| randoms(grid, Offered::Psam);
    "random-elsewhere" Usual
        "the random is that of another answer of the trace: an earlier INITIALIZE, or GET CHALLENGE"
        "随机数用的是跟踪中另一应答的 (之前的初始化或取随机数)"
        |grid| randoms(grid, Offered::Trace);
    "random-candidate" Usual
        "the random is the candidate given"
        "随机数用的是给定的候选值"
        |grid| randoms(grid, Offered::User);
    "session-of-another" Usual
        "random and serial are those of another INITIALIZE: a session key made too early or too late"
        "随机数与交易序号均为另一次初始化的 (过程密钥未更新)"
        sessions;
    "session-order" Usual
        "random, card serial and the last two bytes stand in another order in the session key input"
        "过程密钥输入中随机数, 交易序号与末两字节的次序不同"
        orders;
    "session-deciphered" Usual
        "the session key is deciphered, not enciphered"
        "过程密钥用了解密, 应为加密"
        |grid| form(grid, None, SessionForm::Deciphered);
    "session-sixteen-bytes" Usual
        "the session key has 16 bytes, E(input) and E(not input), and the MAC is triple DES or algorithm 3"
        "过程密钥用了 16 字节 (输入与其取反各加密一次), MAC 用三重 DES 或算法 3"
        |grid| {
            form(grid, Some(Suite::TripleDes), SessionForm::SixteenBytes);
            form(grid, Some(Suite::TripleDes), SessionForm::SixteenBytesRetail);
        };
    "session-repeated" Usual
        "the SM4 session key input is the eight bytes twice, without complement"
        "SM4 过程密钥输入为八字节重复, 未取反"
        |grid| form(grid, Some(Suite::Sm4), SessionForm::Repeated);
    "session-zero-filled" Usual
        "the SM4 session key input is the eight bytes filled up with zeros"
        "SM4 过程密钥输入为八字节后补零"
        |grid| form(grid, Some(Suite::Sm4), SessionForm::ZeroFilled);
}

fn session(grid: &mut Grid<'_>, edit: impl FnOnce(&mut Scenario)) {
    if grid.has_session() {
        grid.change(edit);
    }
}

fn form(grid: &mut Grid<'_>, only: Option<Suite>, form: SessionForm) {
    if only.is_none_or(|suite| suite == grid.right.suites.session) {
        session(grid, |one| one.form = KeyForm::Session(form));
    }
}

fn randoms(grid: &mut Grid<'_>, by: Offered) {
    if grid.has_session() {
        for (random, source) in offered(&grid.case.found.randoms, by) {
            grid.change_from(source, |one| one.random = random);
        }
    }
}

/// Both differ; where only the random does, that is said by itself.
fn sessions(grid: &mut Grid<'_>) {
    if !grid.has_session() {
        return;
    }
    for candidate in &grid.case.found.sessions {
        let (random, serial) = (candidate.value.0, candidate.value.1.to_be_bytes());
        if serial != grid.right.serial && random != grid.right.random {
            grid.change_from(Some(candidate.source), |one| {
                one.random = random;
                one.serial = serial;
            });
        }
    }
}

fn orders(grid: &mut Grid<'_>) {
    for order in [
        SessionOrder::SerialRandomTail,
        SessionOrder::RandomTailSerial,
        SessionOrder::TailRandomSerial,
        SessionOrder::SerialTailRandom,
        SessionOrder::TailSerialRandom,
    ] {
        session(grid, |one| one.order = order);
    }
}
