//! The OpenAPI document of the whole installation, and its page, which needs no other host.

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "waihu",
        description = "Places AI phone calls. An owner's key goes into `X-API-Key` or \
            `Authorization: Bearer`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        crate::list::list,
        crate::calls::show,
        crate::calls::hang_up,
        crate::events::events,
        crate::recording::recording
    ),
    components(schemas(Problem)),
    tags((name = "calls", description = "The calls of every dialect, with exact texts")),
    modifiers(&Keys)
)]
struct Document;

/// `/openapi.json` and `/docs`: this wing's endpoints and those of `others`.
pub fn router(others: Vec<utoipa::openapi::OpenApi>, public_url: String) -> Router {
    let mut document = Document::openapi();
    for other in others {
        document.merge(other);
    }
    document.servers = Some(vec![Server::new(public_url)]);
    // The page would otherwise ask a public service whether the document is valid.
    let config = Config::default().validator_url("none").try_it_out_enabled(true);
    let page = SwaggerUi::new("/docs").url("/openapi.json", document);
    Router::from(page.config(config))
}

/// The two ways to show a key.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = ApiKeyValue::with_description("X-API-Key", "`sk_…`");
        let header = SecurityScheme::ApiKey(ApiKey::Header(header));
        components.add_security_scheme("api_key", header);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}
