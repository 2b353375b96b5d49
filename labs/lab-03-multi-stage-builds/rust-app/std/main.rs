//! The same server with the standard library alone: a thread for each connection, and HTTP by hand.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const PORT: u16 = 8080;
const LONGEST_REQUEST: u64 = 16 * 1024;

static LISTENER: AtomicI32 = AtomicI32::new(-1);
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

// The standard library knows no signals. The C library that it stands on does.
unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn shutdown(socket: i32, how: i32) -> i32;
}

/// Ends `accept`, and with it the loop in `serve`.
extern "C" fn stop(_number: i32) {
    // SAFETY: shutdown may be called in a signal handler, on any descriptor.
    unsafe { shutdown(LISTENER.load(Ordering::Relaxed), 2) };
}

fn response(request: &str) -> (&'static str, &'static str) {
    let mut words = request.split(' ');
    match (words.next(), words.next()) {
        (Some("GET"), Some("/")) => ("200 OK", "Hello from a small Rust image!\n"),
        (Some("GET"), Some("/health")) => ("200 OK", "ok\n"),
        (Some("GET"), Some("/slow")) => {
            thread::sleep(Duration::from_secs(2));
            ("200 OK", "Slow, but finished.\n")
        }
        (Some("GET"), _) => ("404 Not Found", "There is no such page.\n"),
        _ => ("405 Method Not Allowed", "Only GET is answered.\n"),
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new((&stream).take(LONGEST_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (status, body) = response(&request);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    LISTENER.store(listener.as_raw_fd(), Ordering::Relaxed);
    for number in [2, 15] {
        // SAFETY: the handler does nothing that a handler may not do.
        unsafe { signal(number, stop) };
    }
    while let Ok((stream, _)) = listener.accept() {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            let _ = answer(stream);
            UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        });
    }
    while UNDER_WAY.load(Ordering::SeqCst) > 0 {
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Asks the server in this container whether it is well.
fn healthy() -> io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status.ends_with(b" 200"))
}

fn main() -> ExitCode {
    let well = match std::env::args().nth(1).as_deref() {
        Some("healthcheck") => healthy().unwrap_or(false),
        _ => serve().is_ok(),
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
