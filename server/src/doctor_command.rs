//! `pharos doctor`: prints what is found.

use std::process::ExitCode;

use pharos_server::{
    config::Config,
    doctor::{Finding, State, examine},
};

use crate::cli::DoctorArgs;

/// Succeeds unless something is wrong.
#[tokio::main]
pub(crate) async fn run(args: DoctorArgs, config: &Config) -> ExitCode {
    let (mut notes, mut wrong) = (0, 0);
    let mut say = |finding: Finding| {
        notes += u32::from(finding.state == State::Note);
        wrong += u32::from(finding.state == State::Wrong);
        print(&finding);
    };
    examine(config, args.quick, &mut say).await;
    println!();
    match (wrong, notes) {
        (0, 0) => println!("all is well"),
        (0, notes) => println!("nothing is wrong; notes: {notes}"),
        (wrong, notes) => println!("wrong: {wrong}; notes: {notes}"),
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(Finding { state, about, what, advice }: &Finding) {
    let mark = match state {
        State::Well => "ok",
        State::Note => "note",
        State::Wrong => "WRONG",
    };
    println!("{mark:<6}{about:<16}{}", what.replace('\n', "\n                      "));
    if !advice.is_empty() {
        println!("{:<22}-> {advice}", "");
    }
}
