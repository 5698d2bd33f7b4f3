use std::io::Read;
use std::net::TcpStream;
use std::thread;

use super::*;

const QUICK: Duration = Duration::from_millis(300);
const ATR: &[u8] = &[0x3B, 0x00];

fn server() -> VpcdServer {
    VpcdServer::bind("0", QUICK).unwrap()
}

/// A card that says these bytes after each frame that wants an answer; an empty list closes.
fn card(server: &VpcdServer, answers: &[&[u8]]) -> thread::JoinHandle<Vec<Vec<u8>>> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.to_vec()).collect();
    thread::spawn(move || {
        let mut heard = Vec::new();
        let mut answers = answers.into_iter();
        loop {
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                return heard;
            }
            let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut payload).unwrap();
            let answered = payload.len() != 1 || payload == [4];
            heard.push(payload);
            if answered {
                match answers.next() {
                    Some(answer) => stream.write_all(&answer).unwrap(),
                    None => return heard,
                }
            }
        }
    })
}

fn framed(payload: &[u8]) -> Vec<u8> {
    encode(payload).unwrap()
}

/// A server with such a card in it.
fn with_card(answers: &[&[u8]]) -> (VpcdServer, thread::JoinHandle<Vec<Vec<u8>>>) {
    let mut server = server();
    let card = card(&server, answers);
    server.wait_for_card(Some(Duration::from_secs(5))).unwrap();
    (server, card)
}

const COMMAND: &[u8] = &[0x80, 0x5C, 0x00, 0x02, 0x04];

#[test]
fn power_and_commands_reach_the_card_as_frames() {
    let (atr, ok) = (framed(ATR), framed(&[0x90, 0x00]));
    let (mut server, heard) = with_card(&[&atr, &ok, &atr, &ok, &ok]);
    assert_eq!(server.reset().unwrap().0, ATR);
    assert_eq!(server.transmit(COMMAND).unwrap(), [0x90, 0x00]);
    assert_eq!(server.reset().unwrap().0, ATR);
    assert_eq!(server.transmit(COMMAND).unwrap(), [0x90, 0x00]);
    server.power_off().unwrap();
    assert_eq!(server.transmit(COMMAND).unwrap(), [0x90, 0x00], "powered up again");
    drop(server);
    let c = COMMAND;
    assert_eq!(heard.join().unwrap(), [&[1][..], &[4], c, &[2], &[4], c, &[0], &[1], c]);
}

#[test]
fn without_a_card_nothing_is_sent_and_the_wait_for_one_ends() {
    let mut server = server();
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::NoCard(_))));
    assert!(matches!(server.reset(), Err(LinkError::NoCard(_))));
    let waited = server.wait_for_card(Some(Duration::from_millis(30)));
    assert!(matches!(waited, Err(LinkError::Timeout(_))));
    assert!(server.power_off().is_ok());
}

#[test]
fn a_card_that_goes_in_the_middle_of_a_command_is_mute_and_the_next_one_is_another() {
    let (mut server, _) = with_card(&[&framed(ATR)]);
    server.reset().unwrap();
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::Mute)));
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::NoCard(_))));
    let next = card(&server, &[&framed(ATR)]);
    server.wait_for_card(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(server.reset().unwrap().0, ATR);
    drop(server);
    assert_eq!(next.join().unwrap(), [[1], [4]]);
}

#[test]
fn a_card_that_was_changed_for_another_between_commands_is_told_before_anything_is_sent() {
    let (mut server, first) = with_card(&[&framed(ATR), &framed(&[0x90, 0x00])]);
    server.reset().unwrap();
    server.transmit(COMMAND).unwrap();
    server.card.as_ref().unwrap().connection.stream().shutdown(std::net::Shutdown::Write).unwrap();
    first.join().unwrap();
    while !server.card.as_ref().unwrap().connection.is_gone() {
        thread::sleep(Duration::from_millis(1));
    }
    let second = card(&server, &[&framed(ATR), &framed(&[0x90, 0x00])]);
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::NoCard(_))));
    server.wait_for_card(Some(Duration::from_secs(5))).unwrap();
    server.reset().unwrap();
    server.transmit(COMMAND).unwrap();
    drop(server);
    assert_eq!(second.join().unwrap().len(), 3);
}

#[test]
fn half_a_frame_and_silence_are_told_apart_and_a_late_answer_is_never_that_of_the_next() {
    // Closed in the middle of a frame.
    let mut server = server();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    server.wait_for_card(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(&[0xFF, 0xFF, 1, 2, 3]).unwrap();
    drop(stream);
    let lost = server.reset();
    assert!(matches!(lost, Err(LinkError::Mute | LinkError::NoCard(_))), "{lost:?}");
    // Open, and silent.
    let (mut server, silent) = with_card(&[&framed(ATR), &[]]);
    server.reset().unwrap();
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::Timeout(limit)) if limit == QUICK));
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::NoCard(_))), "given up");
    silent.join().unwrap();
}

#[test]
fn answers_that_are_none_are_refused() {
    let (mut server, _) = with_card(&[&framed(&[]), &framed(&[0x90]), &framed(&[])]);
    assert_eq!(server.reset().unwrap().0, [0; 0], "a card without ATR has none");
    let short = server.transmit(COMMAND).unwrap_err().to_string();
    assert!(short.contains("without SW1 SW2"), "{short}");
    assert!(matches!(server.transmit(COMMAND), Err(LinkError::Mute)));
    let (mut server, _) = with_card(&[&[framed(ATR), framed(&[0x90, 0x00])].concat()]);
    server.reset().unwrap();
    thread::sleep(Duration::from_millis(50));
    let stray = server.transmit(COMMAND).unwrap_err().to_string();
    assert!(stray.contains("2 bytes that nobody asked for"), "{stray}");
}

#[test]
fn what_no_frame_can_say_is_refused_and_the_card_stays() {
    let (mut server, _) = with_card(&[&framed(&[0x90, 0x00])]);
    for wrong in [&[][..], &[0], &[1], &[2], &[4], &[0; 65_536]] {
        assert!(matches!(server.transmit(wrong), Err(LinkError::Protocol(_))));
    }
    assert_eq!(server.transmit(COMMAND).unwrap(), [0x90, 0x00]);
}

#[test]
fn the_first_card_stays_and_others_are_refused_until_it_goes() {
    let (atr, ok) = (framed(ATR), framed(&[0x90, 0x00]));
    let (mut server, _) = with_card(&[&atr, &ok]);
    server.reset().unwrap();
    let refused = card(&server, &[&atr]);
    assert!(refused.join().unwrap().is_empty(), "closed before a word");
    assert_eq!(server.transmit(COMMAND).unwrap(), [0x90, 0x00]);
    server.transmit(COMMAND).unwrap_err();
    let next = card(&server, &[&atr]);
    server.wait_for_card(Some(Duration::from_secs(5))).unwrap();
    server.reset().unwrap();
    drop(server);
    assert_eq!(next.join().unwrap().len(), 2);
}

#[test]
fn an_address_that_cannot_be_had_is_told_and_one_for_everybody_is_warned_of() {
    let first = server();
    let taken = VpcdServer::bind(&first.address().to_string(), QUICK).err().unwrap();
    assert!(taken.to_string().contains("another program listens there"), "{taken}");
    assert_eq!(first.warning(), None);
    assert!(first.address().ip().is_loopback());
    assert!(VpcdServer::bind("0.0.0.0:0", QUICK).unwrap().warning().is_some());
    assert!(VpcdServer::bind("nonsense", QUICK).is_err());
}
