//! The program that `make fuzz` builds: libFuzzer over the target that `MINILAB_FUZZ_TARGET` names. Built otherwise, it runs
//! the target over files, to look at a found case: `cargo run -p minilab-fuzz -- TARGET FILE...`.
#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(
    fuzzing,
    allow(unsafe_code, reason = "libFuzzer calls a symbol that its macro exports")
)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    static RUN: std::sync::OnceLock<fn(&[u8])> = std::sync::OnceLock::new();
    let run = RUN.get_or_init(|| {
        let name = std::env::var("MINILAB_FUZZ_TARGET").unwrap_or_default();
        let target = minilab_fuzz::target(&name);
        target
            .unwrap_or_else(|| panic!("MINILAB_FUZZ_TARGET={name:?} is no target"))
            .run
    });
    run(input);
});

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(target) = arguments.next().and_then(|name| minilab_fuzz::target(&name)) else {
        let names: Vec<_> = minilab_fuzz::TARGETS.iter().map(|target| target.name).collect();
        eprintln!(
            "minilab-fuzz: TARGET FILE..., with TARGET one of {}",
            names.join(", ")
        );
        return std::process::ExitCode::from(64);
    };
    for path in arguments {
        match std::fs::read(&path) {
            Ok(bytes) => (target.run)(&bytes),
            Err(error) => {
                eprintln!("minilab-fuzz: {path}: {error}");
                return std::process::ExitCode::from(66);
            }
        }
    }
    std::process::ExitCode::SUCCESS
}
