//! Files that a killed attempt put and that no record ever named.
use crate::{
    photos::Content,
    process::Standalone,
    round::{Life, Undisturbed},
};

#[test]
fn files_of_an_original_that_was_gone_before_its_first_record_are_swept() {
    let undisturbed = Undisturbed::watch();
    let mut life = Life::new(&undisturbed);
    life.set(0, Content::Version(0));
    let running = Standalone::at(&life.world, "step6_after_put", 3).expect("several files are put");
    life.set(0, Content::Gone);
    life.kill(running);
    life.settle("gone before its first record");
    let tally = life.end();
    assert!(tally.orphans > 0, "what was put was there");
    tally.tell("gone before its first record");
}
