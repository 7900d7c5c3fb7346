//! RabbitMQ: one node with a name server (epmd), a cookie and a database of its own.
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{ports, process::Process, servers};

/// It takes 4 s on two idle cores; tests share them.
const READY_WITHIN: Duration = Duration::from_secs(90);
const KEPT_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How often a broker looks for deliveries held too long, if that matters: its default is a minute.
const TICK: Duration = Duration::from_millis(500);

/// What a test needs the broker to do otherwise than by default.
#[derive(Debug, Clone, Default)]
pub struct RabbitMqOptions {
    /// How long a delivery may stay unacknowledged before its channel is closed; looked at every half second.
    pub consumer_timeout: Option<Duration>,
    /// The heartbeat proposed to clients, in whole seconds.
    pub heartbeat: Option<Duration>,
    /// Further lines of `rabbitmq.conf`.
    pub settings: Vec<String>,
}

/// A running broker, user `guest`, virtual host `/`; killed when dropped.
pub struct RabbitMq {
    // In the order of their end: the broker, its name server, their files.
    broker: Option<Process>,
    _names: Process,
    folder: TempDir,
    ports: Ports,
}

#[derive(Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    names: u16,
}

pub(super) fn program() -> PathBuf {
    home().join("server/sbin/rabbitmq-server")
}

fn home() -> PathBuf {
    servers().join("rabbitmq")
}

impl RabbitMq {
    /// Of its user. No word that anybody else would say: it is looked for in what the program says.
    pub const PASSWORD: &str = "guest-canary-83c1";

    /// A new and empty broker that accepts connections.
    pub fn start(options: &RabbitMqOptions) -> Result<Self> {
        ports::start("RabbitMQ", || Self::start_once(options))
    }

    fn start_once(options: &RabbitMqOptions) -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-rabbitmq-")?;
        let [amqp, distribution, names] = ports::free()?;
        let ports = Ports {
            amqp,
            distribution,
            names,
        };
        configure(folder.path(), ports, options)?;
        let mut epmd = command(folder.path(), ports, "epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &names.to_string()]);
        let mut names = Process::start("epmd", &epmd, &folder.path().join("epmd.log"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.names));
        names.wait_until(READY_WITHIN, || TcpStream::connect(address).is_ok())?;
        let mut started = Self {
            broker: None,
            _names: names,
            folder,
            ports,
        };
        started.restart()?;
        Ok(started)
    }

    /// Where it listens; for a proxy.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.amqp).into()
    }

    /// `amqp://...` of the broker itself.
    pub fn url(&self) -> String {
        self.url_through(self.address())
    }

    /// `amqp://...` of the broker behind what listens at the address.
    pub fn url_through(&self, address: SocketAddr) -> String {
        format!("amqp://guest:{}@{address}/%2f", Self::PASSWORD)
    }

    /// Returns once a new quorum queue is known on disk. RabbitMQ writes the list of its quorum queues half a second late: one
    /// that was declared just before a kill comes back under another identity and never finds a leader, so that its
    /// confirmed messages are out of reach (seen with 3.10.8).
    pub fn wait_until_kept(&self, quorum_queue: &str) -> Result<()> {
        let node = node(self.ports);
        let list = format!("database/{node}/quorum/{node}/names.dets");
        let list = self.folder.path().join(list);
        let name = format!("%2F_{quorum_queue}");
        let started = Instant::now();
        loop {
            let known = fs::read(&list).with_context(|| list.display().to_string())?;
            if known.windows(name.len()).any(|bytes| bytes == name.as_bytes()) {
                return Ok(());
            }
            ensure!(
                started.elapsed() < KEPT_WITHIN,
                "quorum queue {quorum_queue} is not on disk after {KEPT_WITHIN:?}"
            );
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// SIGKILL; what it had confirmed is on disk (but see [`Self::wait_until_kept`]).
    pub fn kill(&mut self) {
        self.broker = None;
    }

    /// Kills it if it runs and starts it again, with the same ports and data.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let broker = command(self.folder.path(), self.ports, program());
        let log = self.folder.path().join("broker.log");
        let mut broker = Process::start("RabbitMQ", &broker, &log)?;
        let address = self.address();
        broker.wait_until(READY_WITHIN, || speaks_amqp(address).unwrap_or(false))?;
        self.broker = Some(broker);
        Ok(())
    }

    /// Stops it where it is: connections stay open and nothing is answered, until [`Self::thaw`].
    pub fn freeze(&self) -> Result<()> {
        self.running()?.signal(Signal::STOP).context("freeze")
    }

    /// Lets a frozen broker go on.
    pub fn thaw(&self) -> Result<()> {
        self.running()?.signal(Signal::CONT).context("thaw")
    }

    fn running(&self) -> Result<&Process> {
        self.broker.as_ref().context("the broker has been killed")
    }

    /// What `rabbitmqctl --quiet` says to the arguments; half a second each.
    pub fn rabbitmqctl(&self, arguments: &[&str]) -> Result<String> {
        let output = command(
            self.folder.path(),
            self.ports,
            program().with_file_name("rabbitmqctl"),
        )
        .arg("--quiet")
        .args(arguments)
        .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "rabbitmqctl {}: {said}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }
}

fn configure(folder: &Path, ports: Ports, options: &RabbitMqOptions) -> Result<()> {
    let mut settings = vec![
        format!("listeners.tcp.1 = 127.0.0.1:{}", ports.amqp),
        format!("default_pass = {}", RabbitMq::PASSWORD),
        // A test writes little, and must not wait because the machine's disk is nearly full.
        "disk_free_limit.absolute = 1MB".to_owned(),
    ];
    let mut advanced = "[].".to_owned();
    if let Some(timeout) = options.consumer_timeout {
        settings.push(format!("consumer_timeout = {}", timeout.as_millis()));
        advanced = format!("[{{rabbit, [{{channel_tick_interval, {}}}]}}].", TICK.as_millis());
    }
    if let Some(heartbeat) = options.heartbeat {
        settings.push(format!("heartbeat = {}", heartbeat.as_secs()));
    }
    settings.extend(options.settings.iter().cloned());
    fs::write(folder.join("rabbitmq.conf"), settings.join("\n") + "\n")?;
    fs::write(folder.join("advanced.config"), advanced + "\n")?;
    fs::write(folder.join("enabled_plugins"), "[].\n")?;
    Ok(())
}

/// A program of RabbitMQ or Erlang in an environment that knows this node only.
fn command(folder: &Path, ports: Ports, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let erlang = home().join("usr/lib/erlang/bin");
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", erlang.display()),
        )
        .env("LC_ALL", "C.UTF-8")
        // The cookie lies there.
        .env("HOME", folder)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", ports.names.to_string())
        // Erlang would start a name server that stays for ever.
        .env(
            "ERL_ZFLAGS",
            "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        )
        .env("RABBITMQ_NODENAME", node(ports))
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_CTL_DIST_PORT_MIN", "0")
        .env("RABBITMQ_CTL_DIST_PORT_MAX", "0")
        .env("RABBITMQ_MNESIA_BASE", folder.join("database"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", folder.join("advanced.config"))
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("environment"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", folder.join("generated"))
        // The script becomes the broker instead of staying its parent.
        .env("RUNNING_UNDER_SYSTEMD", "true");
    command
}

fn node(ports: Ports) -> String {
    format!("minilab-{}@localhost", ports.amqp)
}

/// The broker listens last of all, when its queues are recovered.
fn speaks_amqp(address: SocketAddr) -> Result<bool> {
    const CONNECTION_START: [u8; 3] = [1, 0, 0];
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    let mut answer = [0; CONNECTION_START.len()];
    stream.read_exact(&mut answer)?;
    Ok(answer == CONNECTION_START)
}
