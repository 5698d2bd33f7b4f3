//! Finished cards that are checked again.

use applet_spec::KeyKind;
use link::CardTransport;
use perso::work::{CardKeys, Inspector, Moment, Talk};
use purse::mac::secure_messaging_input;
use purse::{FileRef, Occurrence, Protected, PurseCommand, SelectBy};

use crate::station::{Station, custody};

/// A family whose first file under a MAC is not the public one.
fn station(folder: &std::path::Path) -> Station {
    let text = include_str!("../../../applet-spec/profiles/fmcos-ep.toml");
    let public = text.find("[[directory.file]]\nsfi = 0x15").unwrap();
    let holder = text.find("[[directory.file]]\nsfi = 0x16").unwrap();
    let records = text.find("# id 1, length 1").unwrap();
    let order = [&text[..public], &text[holder..records], &text[public..holder], &text[records..]];
    let path = folder.join("other.toml");
    std::fs::write(&path, order.concat().replace("\"fmcos-ep\"", "\"fmcos-ep-other\"")).unwrap();
    let job = format!("target = \"fmcos\"\nprofile = \"{}\"\n", path.display());
    Station::new(&job, "serial\n1\n")
}

#[test]
fn a_check_tells_a_wrong_first_byte_and_does_not_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut station = station(folder.path());
    station.passes();
    station.reader.inside = Some(0);
    let serial = station.batch.rows[0].serial;
    let order = station.batch.order(serial).unwrap();
    let custody = custody(&station.batch);
    let factors = order.factors();
    let keys = CardKeys { custody: &custody, profile: &order.profile, factors: &factors };

    let application = order.profile.application().unwrap();
    let name = apdu::DfName::new(&application.name).unwrap();
    let mut talk = Talk::to(&mut station.reader);
    talk.reset().unwrap();
    let by = SelectBy::Name(name);
    talk.send(PurseCommand::Select { by, occurrence: Occurrence::First }).unwrap();
    let challenge = talk.send(PurseCommand::GetChallenge { length: 4 }).unwrap();
    let update = |mac| PurseCommand::UpdateBinary {
        file: FileRef::Sfi(0x16),
        offset: 0,
        data: Protected::Secured { data: vec![0x77], mac },
    };
    let (header, data) = update(crypto::Mac([0; 4])).secured_part();
    let key = application.key(KeyKind::Maintenance, 0x00).unwrap();
    let covered = secure_messaging_input(header, &data);
    let mac = keys.mac(application, key, &challenge, &covered).unwrap();
    talk.send(update(mac)).unwrap();

    let (date, time) = station.batch.moment();
    let moment = Moment { terminal: station.batch.job.transactions.terminal, date, time };
    let record = station.book.records[&serial].clone();
    for _ in 0..2 {
        let inspector = Inspector { batch: &station.batch, custody: &custody, moment };
        let mut talk = Talk::to(&mut station.reader);
        let fault = inspector.check(&mut talk, &order, &record).unwrap().fault();
        let fault = fault.expect("the byte is not as ordered");
        assert!(fault.contains("file 16") && fault.contains("from byte 0 on 77"), "{fault}");
    }
    station.reader.power_off().unwrap();
}
