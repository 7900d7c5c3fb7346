//! What the worker starts a renderer with: two numbers, what it must not do without, and whether it takes only the CPU time
//! that nobody else wants. And the one thing that a person may ask of it.
use minilab_recipe::Sandbox;

/// What this process is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Serve a worker.
    Serve(Arguments),
    /// Tell whether the walls hold on this machine.
    Selftest,
}

/// Limits of the process, and its place among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arguments {
    /// Address space.
    pub address_space_bytes: u64,
    /// Largest file that may be written.
    pub file_bytes_max: u64,
    /// Behind everything else on the machine?
    pub background: bool,
    /// What becomes of it without walls.
    pub sandbox: Sandbox,
}

impl Errand {
    /// The limits are needed; anything unknown is refused.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Self, String> {
        let given: Vec<String> = given.collect();
        if given == ["--selftest"] {
            return Ok(Self::Selftest);
        }
        Arguments::parse(given).map(Self::Serve)
    }
}

impl Arguments {
    fn parse(given: Vec<String>) -> Result<Self, String> {
        let (mut address_space_bytes, mut file_bytes_max) = (None, None);
        let mut background = false;
        let mut sandbox = Sandbox::Required;
        for argument in given {
            if argument == "--background" {
                background = true;
                continue;
            }
            let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
            if name == "--sandbox" {
                sandbox = Sandbox::named(value)
                    .ok_or_else(|| format!("{name} is required or best_effort, not `{value}`"))?;
                continue;
            }
            let slot = match name {
                "--address-space-bytes" => &mut address_space_bytes,
                "--file-bytes-max" => &mut file_bytes_max,
                _ => {
                    return Err(format!(
                        "unknown argument {name}: this program is started by minilab; by hand it knows --selftest"
                    ));
                }
            };
            let bytes = value
                .parse()
                .map_err(|_| format!("{name} needs a number of bytes, not `{value}`"))?;
            *slot = Some(bytes);
        }
        match (address_space_bytes, file_bytes_max) {
            (Some(address_space_bytes), Some(file_bytes_max)) => Ok(Self {
                address_space_bytes,
                file_bytes_max,
                background,
                sandbox,
            }),
            _ => Err("its limits are missing: this program is started by minilab, not by hand".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Errand, String> {
        Errand::parse(given.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn both_limits_are_needed() {
        let both = parse(&["--file-bytes-max=7", "--address-space-bytes=9"]).unwrap();
        let limits = Arguments {
            address_space_bytes: 9,
            file_bytes_max: 7,
            background: false,
            sandbox: Sandbox::Required,
        };
        assert_eq!(both, Errand::Serve(limits));
        let more = parse(&[
            "--background",
            "--sandbox=best_effort",
            "--file-bytes-max=7",
            "--address-space-bytes=9",
        ]);
        let more_of = Arguments {
            background: true,
            sandbox: Sandbox::BestEffort,
            ..limits
        };
        assert_eq!(more.unwrap(), Errand::Serve(more_of));
        assert_eq!(parse(&["--selftest"]), Ok(Errand::Selftest));
        for wrong in [
            &["--file-bytes-max=7"][..],
            &["--help"],
            &["--file-bytes-max=x"],
            &["--background"],
            &["--selftest", "--background"],
            &["--sandbox=none", "--file-bytes-max=7", "--address-space-bytes=9"],
        ] {
            assert!(parse(wrong).is_err());
        }
    }
}
