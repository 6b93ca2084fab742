"""All settings, read from the environment. With nothing set, the embedded profile serves this machine only."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab

from qenex import env
from qenex.embedded.postgres import database_urls
from qenex.embedded.redis import redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("QENEX_VAR", str(BASE_DIR / "var"))).resolve()
PROFILE = env.choice("QENEX_PROFILE", ("embedded", "production"), "embedded")
EMBEDDED = PROFILE == "embedded"

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY") or (env.kept_secret(VAR / "secret_key") if EMBEDDED else "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if EMBEDDED else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
TLS_CERT = env.text("QENEX_TLS_CERT")
TLS_KEY = env.text("QENEX_TLS_KEY")
TLS = bool(TLS_CERT) or env.boolean("QENEX_TLS", default=False)  # `up --tls` sets it for the processes that it starts

INSTALLED_APPS = [
    "qenex.apps.AdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "qenex.apps.StaticFilesConfig",
    "django_filters",
    "django_prometheus",
    "django_structlog",
    "channels",
    "axes",
    "django_otp",
    "django_otp_webauthn",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "qenex.kernel",
    "qenex.embedded",
    "qenex.vault",
    "qenex.access",
    "django.contrib.auth",  # after ours, whose commands take the place of its own
    "ledger",
    "compliance",
]

MIDDLEWARE = [
    "qenex.kernel.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "qenex.kernel.health.HealthMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "qenex.kernel.middleware.RequestIdMiddleware",
    "qenex.kernel.observing.ObservingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "qenex.access.throttling.ThrottleMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qenex.access.middleware.StaffSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "qenex.kernel.middleware.ContextMiddleware",
    "qenex.kernel.pages.BusyMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "qenex.urls"
ASGI_APPLICATION = "qenex.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Databases: the isolation level belongs to the role; `isolation_level` covers real servers with one role only.
_embedded_urls = database_urls(VAR)
DATABASE_URL = env.text("DATABASE_URL")
EMBEDDED_POSTGRES = not DATABASE_URL
DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", 8)


def _database(url: str, isolation: int, pool: int) -> dict[str, Any]:
    """A Django database entry that works behind a transaction-pooling proxy."""
    parts = env.database(url)
    options: dict[str, Any] = {**parts.pop("OPTIONS"), "isolation_level": isolation}  # type: ignore[dict-item]  # a dict by construction
    if pool:
        options["pool"] = {"min_size": 0, "max_size": pool, "timeout": 30, "max_idle": 60}
    return {
        **parts,
        "ENGINE": "qenex.embedded.backend",
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }


REPEATABLE_READ, SERIALIZABLE = 3, 4
DATABASES = {
    "default": _database(DATABASE_URL or _embedded_urls.writer, SERIALIZABLE, DATABASE_POOL_SIZE),
    "owner": _database(env.text("DATABASE_OWNER_URL") or DATABASE_URL or _embedded_urls.owner, SERIALIZABLE, 0),
    "reader": _database(
        env.text("DATABASE_READER_URL") or DATABASE_URL or _embedded_urls.reader, REPEATABLE_READ, DATABASE_POOL_SIZE
    ),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOCK_TIMEOUT_MS = env.integer("QENEX_LOCK_TIMEOUT_MS", 10_000)

# --- Keys
KEY_PROVIDER = env.choice("QENEX_KEY_PROVIDER", ("file", "pkcs11"), "file")
KEY_DIR = Path(env.text("QENEX_KEY_DIR", str(VAR / "keys"))).resolve()
KEY_CACHE_SECONDS = env.integer("QENEX_KEY_CACHE_SECONDS", 300)
KEY_CACHE_COUNT = env.integer("QENEX_KEY_CACHE_COUNT", 10_000)
PKCS11_MODULE = env.text("QENEX_PKCS11_MODULE")
PKCS11_TOKEN = env.text("QENEX_PKCS11_TOKEN")
PKCS11_PIN = env.text("QENEX_PKCS11_PIN")
PERSONAL_SEALER = "qenex.vault.personal.SEALER"
READY_CHECKS = {
    "keys": "qenex.vault.health.check_keys",
    "alarms": "compliance.alarms.health.check_alarms",
}

# --- Redis: nothing in it would be missed
REDIS_URL = env.redis(env.text("REDIS_URL"))
EMBEDDED_REDIS = not REDIS_URL
REDIS_LOCATION = REDIS_URL or redis_url(VAR)
CELERY_BROKER_URL = REDIS_LOCATION.replace("unix://", "redis+socket://", 1)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "approvals-expire": {"task": "qenex.access.tasks.approvals_expire", "schedule": 60.0},
    "failures-forget": {"task": "qenex.access.tasks.failures_forget", "schedule": 600.0},
    "holds-expire": {"task": "ledger.tasks.holds_expire", "schedule": 10.0},
    "idempotency-prune": {"task": "qenex.kernel.tasks.idempotency_prune", "schedule": 3600.0},
    "nonces-prune": {"task": "qenex.access.tasks.nonces_prune", "schedule": 60.0},
    "trail-verify": {"task": "compliance.tasks.trail_verify", "schedule": crontab(hour=2, minute=30)},
    "retention-apply": {"task": "compliance.tasks.retention_apply", "schedule": 86_400.0},
    "sessions-expire": {"task": "qenex.access.tasks.sessions_expire", "schedule": 60.0},
    "users-deactivate-idle": {"task": "qenex.access.tasks.users_deactivate_idle", "schedule": 3600.0},
    "tokens-prune": {"task": "qenex.access.tasks.tokens_prune", "schedule": 3600.0},
}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_LOCATION]}}
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_LOCATION}}

# --- People
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "qenex.access.passwords.BreachedValidator"},
    {"NAME": "qenex.access.passwords.GuessableValidator"},
    {"NAME": "qenex.access.passwords.FormerValidator"},
]
PASSWORD_HASHERS = ["qenex.access.hashing.Argon2id"]
BREACHED_PASSWORDS = env.text("QENEX_BREACHED_PASSWORDS")
PASSWORD_WORDS = env.words("QENEX_PASSWORD_WORDS")
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "qenex.access.axes.Handler"
AXES_LOCKOUT_CALLABLE = "qenex.access.axes.respond"
AXES_CLIENT_IP_CALLABLE = "qenex.access.axes.address_of"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = 10
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
ORIGIN_GIVEN = env.text("QENEX_ORIGIN")
_MACHINE = f"{'https' if TLS else 'http'}://localhost:{env.integer('PORT', 8000)}"
ORIGIN = ORIGIN_GIVEN or (
    _MACHINE if EMBEDDED else f"https://{(ALLOWED_HOSTS or ['localhost'])[0].lstrip('.*') or 'localhost'}"
)
OTP_WEBAUTHN_RP_NAME = "QENEX"
OTP_WEBAUTHN_RP_ID = urlsplit(ORIGIN).hostname or "localhost"
OTP_WEBAUTHN_ALLOWED_ORIGINS = [ORIGIN]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
OTP_WEBAUTHN_CREDENTIAL_MODEL = "access.Passkey"
OTP_WEBAUTHN_ATTESTATION_MODEL = "access.PasskeyAttestation"
LOGIN_URL = "admin:login"
SESSION_ENGINE = "qenex.access.sessionstore"
SESSION_COOKIE_AGE = 8 * 60 * 60
# --- Roles and the books that somebody reaches
BOOK_SCOPE = "qenex.access.scopes.books_of_id"
BOOK_CATALOG = "ledger.selectors.books.catalog"
BOOK_FINDER = "ledger.references.find_book"
AFTER_MIGRATE = ["roles_sync"]
AUDITED_OTHERS = "qenex.access.audited.OTHERS"
OBSERVED_READS = "compliance.reads.OBSERVED"

# --- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "qenex.access.api.authentication.TokenAuthentication",
        "qenex.access.api.authentication.SignatureAuthentication",
        "qenex.access.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["qenex.kernel.permissions.RoutePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["qenex.access.api.throttles.PrincipalThrottle"],
    "DEFAULT_PARSER_CLASSES": ["qenex.kernel.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "qenex.kernel.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["qenex.kernel.filters.StrictFilters"],
    "DEFAULT_SCHEMA_CLASS": "qenex.kernel.schema.Schema",
    "EXCEPTION_HANDLER": "qenex.kernel.handlers.exception_handler",
    "DEFAULT_METADATA_CLASS": None,
    "PAGE_SIZE": 100,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "QENEX API",
    "DESCRIPTION": "Books, accounts, transfers and events of a QENEX back office. Amounts are decimal strings.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "qenex.kernel.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AccountStatus": "ledger.choices.AccountStatus",
        "AccountType": "ledger.choices.AccountType",
        "ApprovalStatus": "qenex.access.models.ApprovalStatus",
        "AssetKind": "ledger.choices.AssetKind",
        "BookStatus": "ledger.choices.BookStatus",
        "HoldStatus": "ledger.choices.HoldStatus",
        "JournalKind": "ledger.choices.JournalKind",
        "RefusalCode": "ledger.domain.results.Code",
        "Side": "ledger.filters.SIDE_WORDS",
        "TransferKind": "ledger.filters.KIND_WORDS",
        "TransferKindIn": "ledger.filters.KIND_WORDS_IN",
        "TransferStatus": "ledger.domain.results.Status",
    },
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "REDOC_DIST": "SIDECAR",
}

# --- Tokens of programs
TOKEN_ISSUER = env.text("QENEX_TOKEN_ISSUER", "qenex")
TOKEN_AUDIENCE = env.text("QENEX_TOKEN_AUDIENCE", "qenex-api")
TOKEN_MINUTES = env.integer("QENEX_TOKEN_MINUTES", 15)
TOKEN_HOURS = env.integer("QENEX_TOKEN_HOURS", 8)
AUTH_RATE = env.text("QENEX_AUTH_RATE", "60/min")
# The package's own classes sign with SECRET_KEY by default. Ours sign with the vault's keys, and theirs cannot.
SIMPLE_JWT = {"ALGORITHM": "EdDSA", "SIGNING_KEY": None}
TOKEN_COMMAND_MINUTES = 480  # the longest life that an operator with a shell may ask for
TOKEN_REFUSAL_SECONDS = 0.25  # a refused sign-in takes no less, so that its time tells nothing

# --- How often: each server process counts for itself
THROTTLE_PRINCIPAL = env.rate("QENEX_THROTTLE_PRINCIPAL", "20000/s")  # above what one process can post
THROTTLE_ADDRESS = env.rate("QENEX_THROTTLE_ADDRESS", "40000/s")
THROTTLE_FAILURES = env.rate("QENEX_THROTTLE_FAILURES", "300/min")

# --- Ledger
LEDGER_GATES = ["ledger.gates.Limits", "ledger.approvals.gates.OwnHolds", "ledger.approvals.gates.SecondPerson"]
LEDGER_BATCH_MAX = 10_000
PROJECTORS = [
    *(f"compliance.projections.{name}" for name in ("Alarms", "Checks", "Erasures", "LegalHolds", "RetentionRules")),
    *(f"qenex.access.projections.{name}" for name in ("Roles", "Users", "Memberships", "Scopes")),
    *(f"qenex.access.projections.{name}" for name in ("Policies", "Approvals", "ApiKeys", "Factors")),
    *(f"ledger.projections.{name}" for name in ("Books", "Assets", "Accounts", "Holds", "Balances", "Limits")),
]
POSTING_PROCESS = env.boolean("QENEX_POSTING_PROCESS", True)

# --- Audit trail
TRAIL_ORIGIN = env.text("QENEX_TRAIL_ORIGIN", "localhost/qenex")
ERASED_FILE = Path(env.text("QENEX_ERASED", str(VAR / "privacy" / "erased.jsonl"))).resolve()
TRAIL_DIR = Path(env.text("QENEX_TRAIL_DIR", str(VAR / "trail"))).resolve()
TRAIL_PUBLIC = env.boolean("QENEX_TRAIL_PUBLIC", False)
WITNESSES = env.words("QENEX_WITNESSES")
WITNESS_QUORUM = env.integer("QENEX_WITNESS_QUORUM", 0)
WITNESS_SECONDS = env.integer("QENEX_WITNESS_SECONDS", 5)
WITNESS_KINDS = dict.fromkeys(("http", "https", "unix"), "compliance.sealing.cosigning.http.HttpWitness")

# --- Pages
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["qenex.formats"]
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

# --- Transport: without a certificate the embedded profile speaks plain HTTP on the loopback address
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS or not EMBEDDED
# A browser would hold this machine's name to it, and with it whatever else is developed here.
SECURE_HSTS_SECONDS = 31_536_000 if TLS_CERT or not EMBEDDED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not EMBEDDED
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)  # how many proxies of ours append to X-Forwarded-For
# Only a proxy of ours may say that its client came by TLS; without one the header is the client's own.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A browser takes this prefix from nobody but this host, by TLS: no neighbouring host can plant a session.
COOKIE_PREFIX = "__Host-" if SESSION_COOKIE_SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
BODY_SECONDS = 30  # for the whole of a request's body to arrive
WHITENOISE_ALLOW_ALL_ORIGINS = False
# What is compressed already, and source maps: only a developer's tools ask for them, and they are a third of the work.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["gif", "gz", "jpeg", "jpg", "map", "png", "webp", "woff", "woff2"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        **{f"{kind}-src": ["'self'"] for kind in ("script", "style", "img", "font", "connect")},
        "form-action": ["'self'"],
        **{name: ["'none'"] for name in ("base-uri", "frame-ancestors", "object-src")},
    }
}

# --- Observation
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING_CONFIG = "qenex.kernel.logging.configure"
LOGGING = {"level": LOG_LEVEL}
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # RequestIdMiddleware has replaced what is not sane
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # it would believe any X-Forwarded-For
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # the actor is bound where it is authenticated, without a query of its own
PROMETHEUS_EXPORT_MIGRATIONS = False
METRICS_TOKEN = env.text("METRICS_TOKEN")
