"""What lies in every repository holds no secret and names nobody: lock files, code, tables."""

import random
from collections.abc import Callable
from hashlib import sha256, sha512

import pytest

from agentaudit_processor.model import Action
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call

JUDGE = Judge.load()
DRAWN = random.Random(20261123)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _hex(digits: int) -> str:
    return "".join(DRAWN.choice("0123456789abcdef") for _ in range(digits))


def _base64(signs: int) -> str:
    return "".join(DRAWN.choice(ALPHABET) for _ in range(signs))


def _version() -> str:
    return ".".join(str(DRAWN.randrange(32)) for _ in range(DRAWN.choice((2, 3, 3, 3, 4))))


def _lines(form: Callable[[int], str], count: int = 120) -> str:
    return "\n".join(form(at) for at in range(count)) + "\n"


GENERATED = {
    "package-lock.json": _lines(
        lambda n: (
            f'    "node_modules/pkg-{n}": {{ "version": "{_version()}", "resolved": '
            f'"https://registry.example.com/pkg-{n}/-/pkg-{n}-{_version()}.tgz", '
            f'"integrity": "sha512-{_base64(86)}==" }},'
        )
    ),
    "yarn.lock": _lines(
        lambda n: (
            f'pkg-{n}@^{_version()}:\n  version "{_version()}"\n  integrity sha512-{_base64(86)}=='
        )
    ),
    "requirements.txt": _lines(lambda n: f"pkg-{n}=={_version()} \\\n    --hash=sha256:{_hex(64)}"),
    "poetry.lock": _lines(
        lambda n: (
            f'name = "pkg-{n}"\nversion = "{_version()}"\nfiles = [\n    '
            f'{{file = "pkg_{n}.whl", hash = "sha256:{_hex(64)}"}},\n]'
        )
    ),
    "Cargo.lock": _lines(
        lambda n: (
            f'[[package]]\nname = "lexer-{n}"\nversion = "{_version()}"\nchecksum = "{_hex(64)}"'
        )
    ),
    "go.sum": _lines(lambda n: f"example.com/auth/v{n} v{_version()} h1:{_base64(43)}="),
    "pnpm-lock.yaml": _lines(
        lambda n: f"  /pkg-{n}@{_version()}:\n    resolution: {{integrity: sha512-{_base64(86)}==}}"
    ),
    "Gemfile.lock": _lines(
        lambda n: f"    secret-gem-{n} ({_version()})\n      token-tools (>= {_version()})"
    ),
    "a table of numbers": "id,amount,count\n"
    + _lines(lambda n: f"{DRAWN.randrange(10**9)},{DRAWN.random() * 1e6:.2f},{n}"),
    "a table of ids": "uuid,created,bytes\n"
    + _lines(
        lambda n: (
            f"{_hex(8)}-{_hex(4)}-{_hex(4)}-{_hex(4)}-{_hex(12)},2026-11-{n % 28 + 1:02}T10:11:12Z,"
            f"{DRAWN.randrange(10**10)}"
        )
    ),
    "git log": _lines(lambda n: f"{_hex(40)} refs/heads/feature/rotate-token-{n}"),
    "sha256sum": _lines(
        lambda n: f"{sha256(bytes([n])).hexdigest()}  dist/app-{_version()}.tar.gz"
    ),
    "docker images": _lines(
        lambda n: f"registry.example.com/app@sha256:{_hex(64)}   {_hex(12)}   {n} days ago   {n}MB"
    ),
    "a picture in base64": f"background: url(data:image/png;base64,iVBORw0KGgo{_base64(8000)}=)",
    "minified code": ";".join(
        f"function {DRAWN.choice('abcdef')}{n}(t,e){{return t.token===e.key?t.pass:e.secret[{n}]}}"
        for n in range(300)
    ),
    "a source map": '{"version":3,"mappings":"' + ";".join(_base64(12) for _ in range(600)) + '"}',
    "a certificate": "-----BEGIN CERTIFICATE-----\n"
    + _lines(lambda _: _base64(64), 20)
    + "-----END CERTIFICATE-----\n",
    "public keys": _lines(
        lambda n: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{_base64(44)} host-{n}", 20
    ),
    "a log of a service": _lines(
        lambda n: (
            f"2026-11-23T05:31:{n % 60:02}.{DRAWN.randrange(10**6):06}Z INFO token refreshed "
            f"trace_id={_hex(32)} span_id={_hex(16)} took {n * 31} us on 10.0.{n}.7"
        )
    ),
    "a test report": _lines(
        lambda n: (
            f'<testcase name="test_password_{n}" time="{DRAWN.random():.3f}" id="{_hex(32)}"/>'
        )
    ),
    "a hex dump": _lines(
        lambda n: f"{n * 16:08x}  " + " ".join(_hex(2) for _ in range(16)) + "  |................|"
    ),
    "integrity of pages": _lines(
        lambda n: f'<script src="/a{n}.js" integrity="sha384-{_base64(64)}"></script>'
    ),
    "a schema's digests": _lines(
        lambda n: f'  "Type{n}": "sha512:{sha512(bytes([n])).hexdigest()}",'
    ),
}

CODE = {
    "Python": """\
password = input("Password: ")
password: str = getpass.getpass()
token = os.environ["GITHUB_TOKEN"]
api_key = settings.API_KEY or get_secret("api_key")
proxy_auth = get_auth(user, password)
headers = {"Authorization": f"Bearer {token}"}
PASSWORD_MIN_LENGTH = 12; SECRET_KEY_NAME = "session-secret-name"
def login(username: str, password: str, *, token: str | None = None) -> Session: ...
assert authenticate(username="bob", password=PASSWORD) is None
connection = psycopg.connect(host=host, user=user, password=config.password, dbname="shop")
url = f"postgresql://{user}:{password}@{host}:{port}/{name}"
class Token(Base): access_token = Column(String(255)); refresh_token: Mapped[str]
""",
    "TypeScript": """\
const token: string = await getToken(); const apiKey = process.env.API_KEY!;
export interface Credentials { username: string; password: string; secretKey?: string }
headers: { 'X-Api-Key': apiKey, Authorization: `Bearer ${token}` },
<input type="password" name="password" autocomplete="current-password" />
if (body.password !== confirm.password) throw new Error('Passwords do not match');
const { accessToken, refreshToken } = useAuth(); localStorage.setItem('token', token);
""",
    "Go": """\
password := os.Getenv("DB_PASSWORD")
token, err := jwt.Parse(raw, func(t *jwt.Token) (any, error) { return secretKey, nil })
req.Header.Set("Authorization", "Bearer "+token)
type Config struct { Password string `json:"password"`; APIKey string `yaml:"api_key"` }
flag.StringVar(&password, "password", "", "the password to use")
""",
    "Java": """\
private final String password; @Value("${spring.datasource.password}") private String secret;
String token = request.getHeader("Authorization").substring(BEARER_PREFIX.length());
char[] password = passwordField.getPassword(); KeyStore.getInstance("PKCS12").load(in, password);
""",
    "Rust": """\
let token = std::env::var("API_TOKEN").expect("API_TOKEN is not set");
pub struct Auth { pub username: String, pub password: SecretString, api_key: Option<String> }
let secret_key: &[u8] = config.secret_key.as_bytes(); tokens.push(Token::new(kind, span));
""",
    "Ruby": """\
password = ENV.fetch("DB_PASSWORD"); token = SecureRandom.hex(20)
has_secure_password; validates :password, length: { minimum: 12 }
config.secret_key_base = ENV["SECRET_KEY_BASE"]; user.authenticate(params[:password])
""",
    "PHP": """\
$password = $_POST['password']; $hash = password_hash($password, PASSWORD_BCRYPT);
define('DB_PASSWORD', getenv('DB_PASSWORD')); $token = bin2hex(random_bytes(16));
""",
    "C#": """\
var password = configuration["Database:Password"]; string token = await GetAccessTokenAsync();
[DataType(DataType.Password)] public string Password { get; set; } = string.Empty;
""",
    "C": """\
char password[64]; if (getenv("PGPASSWORD") == NULL) return read_password(stdin, password);
static const char *token_names[] = { "identifier", "keyword", "secret" }; key = hash(token, len);
""",
    "a shell": """\
read -rs -p 'Password: ' PASSWORD; export PGPASSWORD="$PASSWORD"
TOKEN=$(gh auth token); curl -H "Authorization: Bearer $TOKEN" https://api.example.com
docker login -u "$USER" --password-stdin registry.example.com < token.txt
mysql -u root -p"$MYSQL_ROOT_PASSWORD" shop; sshpass -e ssh host; ssh-keygen -t ed25519 -N ''
: "${DB_PASSWORD:?is not set}" "${API_KEY:-}"
""",
    "SQL": """\
CREATE TABLE users (id bigint PRIMARY KEY, username text, password_hash text, api_token uuid);
ALTER TABLE users ADD COLUMN date_of_birth date; SELECT phone, email FROM users WHERE token = $1;
CREATE USER app WITH PASSWORD :'password'; GRANT SELECT ON users TO app;
""",
    "Terraform": """\
variable "db_password" { type = string, sensitive = true }
resource "aws_db_instance" "main" { password = var.db_password, username = "app" }
data "aws_secretsmanager_secret_version" "db" { secret_id = aws_secretsmanager_secret.db.id }
""",
    "a workflow": """\
env:
  TOKEN: ${{ secrets.GITHUB_TOKEN }}
  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}
steps:
  - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
  - run: echo "::add-mask::$TOKEN"
""",
    "Kubernetes": """\
env:
  - name: DB_PASSWORD
    valueFrom: {secretKeyRef: {name: db, key: password}}
  - {name: LOG_LEVEL, value: info}
automountServiceAccountToken: false
imagePullSecrets: [{name: registry-credentials}]
""",
    "Compose": """\
services:
  db: {image: postgres:16, environment: {POSTGRES_PASSWORD: "${DB_PASSWORD}", POSTGRES_USER: app}}
  app: {environment: ["API_KEY=${API_KEY}", "TOKEN_TTL=3600"], secrets: [db_password]}
""",
    "an example of settings": """\
DB_PASSWORD=changeme
API_KEY=your-api-key-here
SECRET_KEY=<generate one>
JWT_SECRET=
SMTP_PASSWORD=********
STRIPE_KEY=sk_test_xxxxxxxxxxxxxxxxxxxxxxxx
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
""",
    "a schema of an API": """\
{"components": {"schemas": {"Login": {"required": ["username", "password"], "properties": {
  "username": {"type": "string"}, "password": {"type": "string", "format": "password"},
  "phone_number_id": {"type": "integer"}, "token": {"type": "string", "example": "string"}}}}}}
""",
    "words of an interface": """\
{"login": {"username": "Benutzername", "password": "Kennwort", "forgot": "Passwort vergessen?",
 "confirm_password": "Contraseña", "token_expired": "Your session has expired. Sign in again.",
 "first_name": "Vorname", "phone": "Telefonnummer"}}
""",
    "a manual": """\
  -p, --password PASSWORD   password to use for the login
      --token string        API token (or set EXAMPLE_TOKEN)
      --passphrase-file F   read the passphrase from a file
The password is stored as a bcrypt hash; the token expires after 3600 seconds. Set the password to
something long. Send the header `Authorization: Bearer <token>`.
""",
    "versions": """\
pkg==1.2.0.2, chrome 142.0.7444.60, release-10.4.0.1, v2.14.3.1, kernel 6.8.0.31, OID 1.3.6.1.4.1
rfc8785 3.2.2.2; Windows 10.0.19045.3803; Mozilla/5.0 (X11) Chrome/142.0.0.0 Safari/537.36
""",
    "addresses for documents": """\
192.0.2.17 198.51.100.4 203.0.113.77 10.1.2.3 172.16.4.5 192.168.0.1 127.0.0.1 169.254.169.254
listen [::1]:8080; allow 10.0.0.0/8; phone_id = 17; phone_number_id: 106540352242922
""",
    "colours, sizes and dates": """\
#ff8800 rgba(12, 34, 56, .7) 0x7ffee4c0a8b0 1732345678123 2026-11-23T10:11:12+01:00 1234567890123456
margin: 4px 4px 4px 4px; transform: matrix(0.9659, 0.2588, -0.2588, 0.9659, 0, 0); z-index: 21474
""",
}


@pytest.mark.parametrize("name", [*GENERATED, *CODE])
@pytest.mark.parametrize("place", ["written", "read"])
def test_no_secret_and_nobody_is_seen_in(name: str, place: str):
    text = GENERATED.get(name) or CODE[name]
    call = {
        "written": a_tool_call(
            "Write",
            action=Action.FILE_WRITE,
            arguments={"file_path": "file", "content": text},
            result=None,
        ),
        "read": a_tool_call(
            "Read", action=Action.FILE_READ, arguments={"file_path": "file"}, result=text
        ),
    }[place]

    exam = JUDGE.examine(call)

    assert [] == [(f.rule_id, f.excerpt) for f in exam.findings if f.secret or f.personal]
    assert exam.without_secrets() == call
