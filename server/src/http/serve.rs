//! Connections: accepting them, bounding them, and letting them finish. `axum::serve` sets no
//! timeouts, so a slow client could hold a connection for ever; this loop does.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::peer::Peer;
use crate::config::Limits;

/// Bytes of a connection's read buffer, which bounds a request's headers as well.
const BUFFER_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;

/// Longest time a client may take to accept the next part of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Pause when the system has no more file descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` until `shutdown`, then lets open requests finish for at most `drain_timeout`.
/// Returns how many connections were cut off.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    shutdown: &CancellationToken,
    drain_timeout: Duration,
) -> usize {
    let connections_max = limits.connections_max.min(Semaphore::MAX_PERMITS);
    let connections = Arc::new(Semaphore::new(connections_max));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(BUFFER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        // A page that is closing shuts its side down as soon as its beacon has gone.
        .half_close(true);

    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a client that left at once: neither is a reason to stop.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = connections.clone().try_acquire_owned() else {
            tracing::debug!("a connection was closed: TELEMETRY_CONNECTIONS_MAX are open");
            continue;
        };
        let connection = serve_connection(&http, stream, Peer(address), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }

    drop(listener);
    let finished = tokio::time::timeout(drain_timeout, graceful.shutdown()).await;
    if finished.is_ok() { 0 } else { connections_max - connections.available_permits() }
}

fn serve_connection(
    http: &http1::Builder,
    stream: TcpStream,
    peer: Peer,
    router: Router,
    watcher: Watcher,
) -> impl Future<Output = ()> + Send + 'static {
    // Replies are small and complete when written: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));

    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = watcher.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    async move {
        // Clients that leave or send nonsense are everyday; hyper has answered where it could.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
