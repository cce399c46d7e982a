//! What programs that nobody here wrote need to be peers in a test: ports and certificates.

mod certificates;
mod ports;

pub use certificates::certificates;
pub use ports::{Ports, listens_tcp, listens_udp};
