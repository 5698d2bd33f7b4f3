//! A process that is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nvm::Nvm;

use crate::support::{create, open, place};

/// The other half of the test below: a card that counts until it is killed.
#[test]
fn counting_card_to_be_killed() {
    let Some(path) = std::env::var_os("NVM_COUNT_IN") else { return };
    let path = PathBuf::from(path);
    let (mut image, mut nvm, meta) = open(&path).unwrap();
    nvm.power_on().unwrap();
    loop {
        let next = nvm.be32(0).unwrap() + 1;
        nvm.begin().unwrap();
        nvm.put(0, &next.to_be_bytes()).unwrap();
        nvm.put(5000, &[next as u8; 300]).unwrap();
        nvm.put(6000, &next.to_be_bytes()).unwrap();
        nvm.commit().unwrap();
        image.persist(&nvm, &meta).unwrap();
        println!("\nanswered {next}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_kill_leaves_the_last_answer_or_the_one_being_made() {
    let (_directory, path) = place();
    drop(create(&path, &Nvm::new(8192), b"").unwrap());
    for answers in [1, 7, 150, 400, 33, 260] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::counting_card_to_be_killed", "--nocapture"])
            .env("NVM_COUNT_IN", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answered = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .filter_map(|line| line.unwrap().strip_prefix("answered ")?.parse::<u32>().ok())
            .nth(answers)
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let (_, mut nvm, _) = open(&path).unwrap();
        nvm.power_on().unwrap();
        let count = nvm.be32(0).unwrap();
        assert!(count >= answered);
        assert_eq!(nvm.be32(6000), Ok(count));
        assert_eq!(nvm.byte(5150), Ok(count as u8));
    }
}
