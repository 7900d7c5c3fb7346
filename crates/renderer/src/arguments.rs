//! What the worker starts a renderer with: two numbers, and whether it takes only the CPU time that nobody else wants.

/// Limits of the process, and its place among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arguments {
    /// Address space.
    pub address_space_bytes: u64,
    /// Largest file that may be written.
    pub file_bytes_max: u64,
    /// Behind everything else on the machine?
    pub background: bool,
}

impl Arguments {
    /// Both limits are needed; anything else is refused.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut address_space_bytes, mut file_bytes_max) = (None, None);
        let mut background = false;
        for argument in given {
            if argument == "--background" {
                background = true;
                continue;
            }
            let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
            let slot = match name {
                "--address-space-bytes" => &mut address_space_bytes,
                "--file-bytes-max" => &mut file_bytes_max,
                _ => {
                    return Err(format!(
                        "unknown argument {name}: this program is started by minilab, not by hand"
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
            }),
            _ => Err("its limits are missing: this program is started by minilab, not by hand".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(given.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn both_limits_are_needed() {
        let both = parse(&["--file-bytes-max=7", "--address-space-bytes=9"]).unwrap();
        assert_eq!(
            both,
            Arguments {
                address_space_bytes: 9,
                file_bytes_max: 7,
                background: false,
            }
        );
        let behind = parse(&["--background", "--file-bytes-max=7", "--address-space-bytes=9"]);
        assert!(behind.unwrap().background);
        for wrong in [
            &["--file-bytes-max=7"][..],
            &["--help"],
            &["--file-bytes-max=x"],
            &["--background"],
        ] {
            assert!(parse(wrong).is_err());
        }
    }
}
