//! Sends prepared batches over keep-alive connections, as fast as the replies come. Standard library only, so
//! that `rustc` alone builds it; one thread a connection, blocking, to take little from the machine measured.
//!
//! The file holds requests: [u32 LE bytes][HTTP request], sent over and over. Every `"id":"<36 characters>"` in
//! them is replaced by a new UUIDv7 each time, so that every event is new, and every
//! `"timestamp":"<24 characters>"` by one of the last five seconds, as pages send them. Prints one JSON object.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::exit,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const USAGE: &str = "usage: loadgen --file F --address A:P --connections N --seconds S [--requests N]";
const TIMEOUT: Duration = Duration::from_secs(30);
/// After a failure, as any client would.
const PAUSE: Duration = Duration::from_millis(100);
const ID_MARK: &[u8] = b"\"id\":\"";
const ID_BYTES: usize = 36;
const TIMESTAMP_MARK: &[u8] = b"\"timestamp\":\"";
const TIMESTAMP_BYTES: usize = 24;
/// How long a page gathers events before it sends them.
const GATHERED_MS: u64 = 5_000;

struct Options {
    file: String,
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    /// Stop after this many requests, whatever the time.
    requests: usize,
}

fn options() -> Option<Options> {
    let words: Vec<String> = env::args().skip(1).collect();
    let given: BTreeMap<&str, &str> =
        words.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
    Some(Options {
        file: given.get("--file")?.to_string(),
        address: given.get("--address")?.parse().ok()?,
        connections: given.get("--connections")?.parse().ok()?,
        duration: Duration::from_secs_f64(given.get("--seconds")?.parse().ok()?),
        requests: given.get("--requests").map_or(Some(usize::MAX), |count| count.parse().ok())?,
    })
}

/// A request, and where its ids and timestamps stand.
struct Request {
    bytes: Vec<u8>,
    ids: Vec<usize>,
    timestamps: Vec<usize>,
}

/// Where values of `length` bytes begin, each after a `mark`.
fn places(bytes: &[u8], mark: &[u8], length: usize) -> Vec<usize> {
    (mark.len()..bytes.len().saturating_sub(length)).filter(|&at| bytes[..at].ends_with(mark)).collect()
}

fn read_requests(file: &str) -> io::Result<Vec<Request>> {
    let data = fs::read(file)?;
    let mut rest = &data[..];
    let mut requests = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let (bytes, next) = tail.split_at(u32::from_le_bytes(*head) as usize);
        let ids = places(bytes, ID_MARK, ID_BYTES);
        let timestamps = places(bytes, TIMESTAMP_MARK, TIMESTAMP_BYTES);
        requests.push(Request { bytes: bytes.to_vec(), ids, timestamps });
        rest = next;
    }
    Ok(requests)
}

/// Writes UUIDs of version 7. Unique by 74 bits that start from the clock and differ by connection.
struct Ids {
    state: u64,
}

impl Ids {
    fn new(connection: usize) -> Self {
        let nanoseconds = since_1970().as_nanos() as u64;
        Self { state: nanoseconds ^ (connection as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn write(&mut self, out: &mut [u8], unix_ms: u64) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let high = (unix_ms << 16) | 0x7000 | (self.next() & 0x0fff);
        let low = 0x8000_0000_0000_0000 | (self.next() >> 2);
        let value = (u128::from(high) << 64) | u128::from(low);
        let mut shift = 128;
        for (at, byte) in out.iter_mut().enumerate() {
            if matches!(at, 8 | 13 | 18 | 23) {
                *byte = b'-';
            } else {
                shift -= 4;
                *byte = DIGITS[(value >> shift) as usize & 15];
            }
        }
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
fn write_timestamp(out: &mut [u8], unix_ms: u64) {
    let (seconds, ms) = (unix_ms / 1000, unix_ms % 1000);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    // Days to a date in years that begin in March, so that the leap day is a year's last.
    let days = seconds / 86_400 + 719_468;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = days / 146_097 * 400 + year_of_era + u64::from(month <= 2);
    let mut rest = out;
    let written = write!(rest, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z");
    written.expect("a timestamp has 24 characters");
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    latencies_us: Vec<u32>,
    accepted: u64,
    /// HTTP statuses; 0: no answer.
    statuses: BTreeMap<u16, u64>,
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The number that follows `mark` (ASCII, in lower case).
fn number_after(text: &[u8], mark: &[u8]) -> Option<u64> {
    let start = find(text, mark)? + mark.len();
    let digits =
        text[start..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    digits.fold(None, |number, digit| Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0')))
}

/// Reads one reply with a Content-Length; answers its status and the events it says were accepted.
fn read_reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(u16, u64)> {
    buffer.clear();
    let mut piece = [0; 16 * 1024];
    let mut whole = usize::MAX;
    while buffer.len() < whole {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&piece[..count]);
        if whole == usize::MAX {
            if let Some(end) = find(buffer, b"\r\n\r\n") {
                let head = buffer[..end].to_ascii_lowercase();
                whole = end + 4 + number_after(&head, b"content-length:").unwrap_or(0) as usize;
            }
        }
    }
    let status = number_after(buffer, b"HTTP/1.1 ").unwrap_or(0) as u16;
    Ok((status, number_after(buffer, b"\"accepted\":").unwrap_or(0)))
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

fn run(options: &Options, requests: &[Request], next: &AtomicUsize, number: usize, start: Instant) -> Seen {
    let (mut seen, mut ids) = (Seen::default(), Ids::new(number));
    let (mut scratch, mut buffer) = (Vec::new(), Vec::new());
    let mut connection = None;
    while start.elapsed() < options.duration {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= options.requests {
            break;
        }
        let request = &requests[turn % requests.len()];
        scratch.clear();
        scratch.extend_from_slice(&request.bytes);
        let unix_ms = since_1970().as_millis() as u64;
        for &at in &request.ids {
            ids.write(&mut scratch[at..at + ID_BYTES], unix_ms);
        }
        for &at in &request.timestamps {
            let happened_ms = unix_ms - ids.next() % GATHERED_MS;
            write_timestamp(&mut scratch[at..at + TIMESTAMP_BYTES], happened_ms);
        }
        let sent = Instant::now();
        let mut exchange = || {
            let stream = match &mut connection {
                Some(stream) => stream,
                None => connection.insert(connect(options.address)?),
            };
            stream.write_all(&scratch)?;
            read_reply(stream, &mut buffer)
        };
        let (status, accepted) = exchange().unwrap_or((0, 0));
        *seen.statuses.entry(status).or_default() += 1;
        if status == 200 {
            seen.latencies_us.push(sent.elapsed().as_micros() as u32);
            seen.accepted += accepted;
        } else {
            connection = None;
            thread::sleep(PAUSE);
        }
    }
    seen
}

fn main() {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        exit(2);
    };
    let requests = match read_requests(&options.file) {
        Ok(requests) if !requests.is_empty() => Arc::new(requests),
        Ok(_) => exit(2),
        Err(error) => {
            eprintln!("{}: {error}", options.file);
            exit(2);
        }
    };
    let (options, next, start) = (Arc::new(options), Arc::new(AtomicUsize::new(0)), Instant::now());
    let threads: Vec<_> = (0..options.connections)
        .map(|number| {
            let (options, requests, next) = (options.clone(), requests.clone(), next.clone());
            thread::spawn(move || run(&options, &requests, &next, number, start))
        })
        .collect();
    let mut all = Seen::default();
    for thread in threads {
        let seen = thread.join().expect("a sender does not panic");
        all.latencies_us.extend(seen.latencies_us);
        all.accepted += seen.accepted;
        for (status, count) in seen.statuses {
            *all.statuses.entry(status).or_default() += count;
        }
    }
    let wall_s = start.elapsed().as_secs_f64();
    all.latencies_us.sort_unstable();
    let quantile_ms = |part: f64| {
        let last = all.latencies_us.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        all.latencies_us.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
    };
    let statuses: Vec<String> =
        all.statuses.iter().map(|(status, count)| format!("\"{status}\":{count}")).collect();
    println!(
        "{{\"wall_s\":{wall_s:.4},\"accepted\":{},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"max_ms\":{:.3},\"statuses\":{{{}}}}}",
        all.accepted,
        quantile_ms(0.5),
        quantile_ms(0.99),
        quantile_ms(1.0),
        statuses.join(",")
    );
}
