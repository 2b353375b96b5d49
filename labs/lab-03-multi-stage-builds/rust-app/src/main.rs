//! A web server that greets, tells whether it is well, has one slow page, and stops gracefully.

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const PORT: u16 = 8080;

fn router() -> Router {
    Router::new()
        .route("/", get(async || "Hello from a small Rust image!\n"))
        .route("/health", get(async || "ok\n"))
        .route("/slow", get(slow))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(2)).await;
    "Slow, but finished.\n"
}

/// Waits for the signal that tells the server to stop.
async fn stopped() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    println!("stopping");
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    println!("listening on :{PORT}");
    axum::serve(listener, router())
        .with_graceful_shutdown(stopped())
        .await
}

/// Asks the server in this container whether it is well.
fn healthy() -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(answer.ends_with(b" 200"))
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("healthcheck") {
        return ExitCode::from(u8::from(!healthy().unwrap_or(false)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime starts");
    match runtime.block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    async fn status(path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn answers() {
        assert_eq!(status("/").await, 200);
        assert_eq!(status("/health").await, 200);
        assert_eq!(status("/nowhere").await, 404);
    }
}
