"""Secrets where agents meet them: each `«between marks»`, so that a test knows what must not stay.

Values are made up. What looks like a vendor's token is written in pieces, so that no scanner takes
it for a live one.
"""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import quote

_MARKED = re.compile(r"«(.*?)»", re.DOTALL)
PASSWORD = "h4rd2Gue55x"
TOKEN = "kT9xQz4LmN7pRs2VwYb6DcaB3dE5fG7hJ9"
HEX = "8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63"
GITHUB = "ghp_" + "zQWBuTSOoRi4A9spHcVY5nc" + "nsDkxkJ0mLq17"
AWS_ID = "AKIA" + "Q3EGWTZ5LKJ7HGF2"
AWS_SECRET = "8sKq2vWcXz1TgYbNfRj4Lp7" + "MhD3uQe5AoSiVtBxZ"
_LINES = (
    "MIIEogIBAAKCAQEAjosMtDUqbE18zxZac1t8fkh2SxGuMXHk9yxniyM2m76donWG",
    "cbdgKgLQfoL6aYJhYyhgYwSWuYtzhYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvD",
)


def secrets_of(case: Any) -> list[str]:
    """Every marked text in `case`, a text or lists and dicts of texts."""
    if isinstance(case, str):
        return _MARKED.findall(case)
    values = case.values() if isinstance(case, dict) else case
    return [
        one for value in values if isinstance(value, str | dict | list) for one in secrets_of(value)
    ]


def without_marks(case: Any) -> Any:
    """`case` as an agent would send it."""
    if isinstance(case, str):
        return case.replace("«", "").replace("»", "")
    if isinstance(case, dict):
        return {key: without_marks(value) for key, value in case.items()}
    return [without_marks(value) for value in case] if isinstance(case, list) else case


def _b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _key(kind: str, join: str, start: str = "") -> str:
    first, second = (f"«{line}»" for line in _LINES)
    ends = (f"-----{word} {kind}PRIVATE " + "KEY-----" for word in ("BEGIN", "END"))
    begin, end = ends
    return start + join.join((begin, first, second, end))


COMMANDS = f"""
curl -u admin:«summer» https://intern/
curl -uadmin:«{PASSWORD}» https://intern/
curl --user 'admin:«a long summer 9»' https://intern/
curl --oauth2-bearer «{TOKEN}» https://intern/
curl -H 'Authorization: Basic «{_b64("bob:" + PASSWORD)}»' https://intern/
curl -H 'Authorization: Bearer «{TOKEN}»' https://intern/
curl -H 'X-Api-Key: «{TOKEN}»' https://intern/
curl -H 'apikey: «{TOKEN}»' https://intern/
curl -H 'PRIVATE-TOKEN: «{TOKEN}»' https://intern/
curl -b 'session=«{TOKEN}»' https://intern/
curl --cookie 'sid=«{TOKEN}»' https://intern/
curl -d 'grant_type=password&username=bob&password=«{PASSWORD}»' https://intern/
curl -d 'client_id=x&client_secret=«{TOKEN}»' https://intern/
curl -d '{{"username":"bob","password":"«summer»"}}' https://intern/
curl 'https://intern/?api_key=«{TOKEN}»'
curl 'https://intern/?u={quote("postgres://app:", safe="")}«{PASSWORD}»%40db%3A5432'
wget --password=«{PASSWORD}» --user=b https://intern/
wget --http-password «summer12» https://intern/
http -a bob:«{PASSWORD}» https://intern/
mysql -uroot -p«summer» shop
mysql -u root --password=«summer» shop
mysqldump -u root -p«{PASSWORD}» shop
PGPASSWORD=«summer» psql -h db
PGPASSWORD='«a long summer 9»' psql -h db
MYSQL_PWD=«summer» mysql
export PGPASSWORD=«summer»
psql 'host=db password=«summer» user=bob'
psql postgresql://bob:«summer»@db/shop
sshpass -p «summer» ssh bob@host
sshpass -p«summer» ssh bob@host
SSHPASS=«summer» sshpass -e ssh bob@host
docker login -u bob -p «summer» registry.intern
docker login --username bob --password «summer» registry.intern
echo «{PASSWORD}» | docker login -u bob --password-stdin
echo «summer» | sudo -S ls
echo 'bob:«{PASSWORD}»' | chpasswd
echo '«{PASSWORD}»' > .vault_pass
echo «{_b64("export GITHUB_TOKEN=" + GITHUB)}» | base64 -d
echo «{_b64(GITHUB)}» | base64 -d
openssl rsa -in k -passin pass:«summer»
openssl pkcs12 -export -passout pass:«{PASSWORD}» -in k
openssl enc -aes-256-cbc -k «{PASSWORD}» -in x
gpg --batch --passphrase «summer12» -d x
keytool -genkey -keystore a.jks -storepass «{PASSWORD}» -keypass «summer»
zip -P «{PASSWORD}» a.zip b
unzip -P «summer» a.zip
7z x -p«{PASSWORD}» a.7z
redis-cli -a «summer12» ping
mongosh -u admin -p «summer12»
ldapsearch -D cn=a -w «summer12»
smbclient //s/c -U bob%«summer12»
net user bob «{PASSWORD}» /add
xfreerdp /u:bob /p:«{PASSWORD}» /v:host
ConvertTo-SecureString '«{PASSWORD}»' -AsPlainText -Force
htpasswd -b .htpasswd bob «{PASSWORD}»
az login -u bob -p «{PASSWORD}»
twine upload -u bob -p «{PASSWORD}» dist/*
ssh-keygen -t rsa -N '«a long summer»' -f k
sqlcmd -S x -U sa -P «{PASSWORD}»
sqlplus scott/«tiger77»@db
lftp -u bob,«{PASSWORD}» host
nmcli dev wifi connect home password «{PASSWORD}»
wpa_passphrase home «{PASSWORD}»
mount -t cifs //s/c /m -o username=bob,password=«{PASSWORD}»
vault kv put secret/db password=«{PASSWORD}»
vault login «{"hvs." + TOKEN}»
aws secretsmanager create-secret --name x --secret-string «{PASSWORD}»
aws ssm put-parameter --name /x --type SecureString --value «{PASSWORD}»
kubectl create secret generic db --from-literal=password=«{PASSWORD}»
kubectl config set-credentials u --token=«{TOKEN}»
gh secret set X --body «{TOKEN}»
heroku config:set SECRET_KEY=«{TOKEN}»
flyctl secrets set DB_PASS=«{PASSWORD}»
helm install x y --set db.password=«{PASSWORD}»
terraform apply -var 'db_password=«{PASSWORD}»'
export TF_VAR_db_password=«{PASSWORD}»
npm config set //registry.intern/:_authToken «{TOKEN}»
git clone https://bob:«{PASSWORD}»@github.com/a/b
git clone https://«{GITHUB}»@github.com/a/b
aws configure set aws_secret_access_key «{AWS_SECRET}»
cargo login «{TOKEN}»
poetry config http-basic.intern bob «{PASSWORD}»
rclone config create r s3 access_key_id X secret_access_key «{TOKEN}»
setx DB_PASSWORD «{PASSWORD}»
docker run -e POSTGRES_PASSWORD=«sommer26» -e API_TOKEN=«{TOKEN}» x
git config --global http.extraheader 'AUTHORIZATION: bearer «{TOKEN}»'
java -Djavax.net.ssl.keyStorePassword=«{PASSWORD}» -jar x.jar
kubeadm join 10.0.0.1:6443 --token «abcdef.0123456789abcdef»
echo «{PASSWORD}» | docker secret create db -
ansible-playbook x.yml -e ansible_password=«{PASSWORD}»
""".strip().split("\n")

TEXTS = {
    "a cookie that is set": f"HTTP/1.1 200 OK\nSet-Cookie: sid=«{TOKEN}»; HttpOnly\n",
    "a cookie of PHP": "Set-Cookie: PHPSESSID=«8q2kd93jf0s7h4l1m5n6b7v8c9»; path=/",
    "a cookie of ASP.NET": f"Set-Cookie: .AspNetCore.Identity.Application=«CfDJ8{TOKEN}»; path=/",
    "a Docker login": f'{{"auths": {{"r.intern": {{"auth": "«{_b64("bob:" + PASSWORD)}»"}}}}}}',
    "an identity token": f'{{"auths":{{"registry.intern":{{"identitytoken":"«{TOKEN}»"}}}}}}',
    "an escaped name": f'x {{"pass\\u0077ord": "«{PASSWORD}»"}} y',
    "an escaped token": "x 'g\\u0068p_«" + GITHUB[4:] + "»' y",
    "netrc": "machine api.intern\n  login bob\n  password «summer»\n",
    "netrc for all": "default login bob password «summer77»\n",
    "npmrc": "//registry.npmjs.org/:_authToken=«npm_" + "abK7EFGh1jkXMNOPq2stUVWXyz01Z3q5t789»\n",
    "pypirc": "[pypi]\nusername = bob\npassword = «summertime»\n",
    "pgpass": "db.intern:5432:shop:app:«summer»\n",
    "my.cnf": "[client]\nuser=root\npassword=«summer»\n",
    "my.cnf, quoted": '[client]\nuser=root\npassword="«a long summer#1»"\n',
    "wgetrc": "http_user=bob\nhttp_password=«summer»\n",
    "htpasswd": "bob:«$apr1$hJ9kL1mN$kT9xQz4LmN7pRs2VwYb6D1»\n",
    "htpasswd, SHA-1": "bob:«{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=»\n",
    "AWS": f"[default]\naws_access_key_id = «{AWS_ID}»\naws_secret_access_key = «{AWS_SECRET}»\n"
    f"aws_session_token = «FwoGZXIvYXdzEBYaD{TOKEN}»\n",
    "AWS, as JSON": f'{{"AccessKeyId":"«{AWS_ID}»","SecretAccessKey":"«{AWS_SECRET}»"}}',
    "Azure": f"AccountName=x;AccountKey=«{_b64(TOKEN * 2)}»;EndpointSuffix=core.windows.net",
    "Azure, signed": "https://x.blob.core.windows.net/c/b?sv=2022-11-02&sig=«"
    + TOKEN
    + "kL1mN»%3D",
    "Amazon, signed": f"https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=«{HEX}»",
    "Google, signed": f"https://storage.googleapis.com/b/k?X-Goog-Date=1&X-Goog-Signature=«{HEX}»",
    "kubeconfig": f"users:\n- name: u\n  user:\n    token: «{TOKEN}»\n",
    "a Secret of Kubernetes": f"kind: Secret\ndata:\n  password: «{_b64(PASSWORD)}»\n",
    "Terraform's state": f'{{"outputs":{{"db_password":{{"value":"«{PASSWORD}»"}}}}}}',
    "a PEM key": _key("", "\n"),
    "a PEM key, escaped": '{"private_key":"' + _key("", "\\n") + '\\n"}',
    "a PEM key on one line": _key("RSA ", " "),
    "a PEM key without breaks": _key("", ""),
    "a PEM key, indented": _key("RSA ", "\n    ", "  key: |\n    "),
    "a PEM key in a difference": _key("EC ", "\n+", "+"),
    "a PEM key with numbers": _key("RSA ", "\n    12\t", "    11\t"),
    "a PEM key as Read shows it": _key("RSA ", "\n12→", "11→"),
    "a PEM key that was searched": _key("RSA ", "\nk.pem:12:", "k.pem:11:"),
    "an OpenSSH key": _key("OPENSSH ", "\n"),
    "a PGP key": _key("PGP ", "\n").replace("KEY-----", "KEY BLOCK-----\nVersion: 2\n", 1),
    "a PuTTY key": f"Private-Lines: 2\n«{_LINES[0]}»\n«{_LINES[1]}»\n",
    "WireGuard": "PrivateKey = «yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=»\n",
    "a one-time code": "otpauth://totp/X:bob?secret=«JBSWY3DPEHPK3PXP»&issuer=X",
    "a magic link": f"https://app.intern/auth/magic?token=«{HEX[:32]}»",
    "a link to reset": f"https://app.intern/reset-password/«{TOKEN}»",
    "Slack": "https://hooks.slack.com/services/" + "T00AB12CD/B01EF34GH/«" + TOKEN[:24] + "»",
    "Discord": f"https://discord.com/api/webhooks/123456789012345678/«{TOKEN * 2}»",
    "Teams": f"https://prod-1.logic.azure.com/workflows/8f2a/invoke?sp=x&sv=1.0&sig=«{TOKEN}»",
    "a recovery phrase": "mnemonic: «legal winner thank year wave sausage worth useful "
    "legal winner thank yellow»",
    "recovery codes": "Recovery codes:\n «a1b2c-d3e4f»\n «g5h6i-j7k8l»\n",
    "a sentence": f"my password is «{PASSWORD}»",
    "a sentence in German": f"Das Passwort lautet: «{PASSWORD}»",
    "YAML, folded": f"db:\n  password: >-\n    «{PASSWORD}»\n",
    "properties": "spring.datasource.password=«summer»\n",
    "a variable with a dollar": "DB_PASSWORD=«sum$mer12»\nX=1\n",
    "a variable with blanks": 'DB_PASSWORD="«correct horse battery staple»"\n',
    "Django": "SECRET_KEY = '«p9!x)k2$e8@q1w^r7t*y&u=i(o-_a+s»'",
    "CSV": "user,password\nbob,«summer12»\neve,«winter34»\n",
    "a table": "| user | password |\n|---|---|\n| bob | «summer12» |\n",
    "Go": f'const apiKey string = "«{TOKEN}»"',
    "Java": f'private static final String PASSWORD = "«{PASSWORD}»";',
    "JavaScript": f'headers: {{ "x-auth": "«{TOKEN}»" }}',
    "a default": "const key = process.env.SECRET || '«summer12»'",
    "XML": "<password>«summer»</password>",
    "XML, attributes": '<user username="tomcat" password="«s3cret»" roles="manager"/>',
    "Maven": "<server><id>x</id><password>«{COQLCE6DU6GtcS5P=}»</password></server>",
    "a property list": "<key>password</key>\n<string>«summer12»</string>",
    "Windows' answers": "<AdministratorPassword><Value>«summer12»</Value></AdministratorPassword>",
    "a Terraform variable": f'variable "db_password" {{ default = "«{PASSWORD}»" }}',
    "Gradle": 'signing.password=«summer12»\nstorePassword "«summer34»"\n',
    "MySQL": "CREATE USER bob IDENTIFIED BY '«summer»';",
    "PostgreSQL": "ALTER ROLE bob WITH PASSWORD '«summer»';",
    "SQL Server": "CREATE LOGIN x WITH PASSWORD = '«summer»'",
    "JDBC": f"jdbc:mysql://db:3306/shop?user=app&password=«{PASSWORD}»",
    "JDBC, Oracle": f"jdbc:oracle:thin:scott/«{PASSWORD}»@db:1521:x",
    "ODBC": "Driver={SQL Server};Server=x;Uid=sa;Pwd=«summer»;",
    "ODBC, in braces": "Driver={SQL Server};Server=x;Uid=sa;Pwd={«su;mm er9»};",
    "AMQP": "amqp://bob:«summer»@mq:5672/v",
    "MongoDB": "mongodb+srv://bob:«summer»@c.intern/d",
    "Redis": "redis://:«summer»@r:6379/0",
    "SMTP": "smtp://bob%40intern.org:«summer»@m:587",
    "an encoded password in a URL": "postgres://app:«p%40ss%2Fw0rd9»@db/x",
    "a wireless network": 'network={\n ssid="x"\n psk="«summer12»"\n}',
    "a router": "enable password «summer12»\nsnmp-server community «s3cr3tcomm» RO\n",
    "git's store": "https://bob:«summer12»@github.com\n",
    "Mercurial": "[auth]\nx.prefix=h\nx.username=b\nx.password=«summer»\n",
    "Composer": '{"http-basic":{"r.intern":{"username":"b","password":"«summer»"}}}',
    "tokens of a server": f'{{"access_token":"«{TOKEN}»","refresh_token":"«{TOKEN[::-1]}»"}}',
    "a UUID as a token": '{"refresh_token":"«7c9e6679-7425-40de-944b-e07fc1f90ae7»"}',
    "a proxy": f"Proxy-Authorization: Basic «{_b64('bob:' + PASSWORD)}»",
    "a signed request": f"AWS4-HMAC-SHA256 Credential=«{AWS_ID}»/20261123/eu/s3, Signature=«{HEX}»",
}

FIELDS: dict[str, dict[str, Any]] = {
    "user and password in a list": {
        "args": ["curl", "-u", f"admin:«{PASSWORD}»", "https://intern/"]
    },
    "an option in a list": {"args": ["push", "--token", f"«{TOKEN}»"]},
    "a password option in a list": {"args": ["--password", "«summer»"]},
    "a glued option in a list": {"argv": ["mysql", f"-p«{PASSWORD}»"]},
    "a command as a list": {
        "command": ["docker", "login", "-u", "bob", "-p", "«summer»", "r.intern"]
    },
    "a program and its list": {"command": "sshpass", "args": ["-p", "«summer»", "ssh", "host"]},
    "an environment as a list": {"env": [f"DB_PASSWORD=«{PASSWORD}»", "MODE=test"]},
    "an environment": {"env": {"DB_PASSWORD": f"«{PASSWORD}»", "API_TOKEN": f"«{TOKEN}»"}},
    "an environment of pairs": {"env": [{"name": "DB_PASSWORD", "value": f"«{PASSWORD}»"}]},
    "a header by name": {"headers": [{"name": "Authorization", "value": f"Bearer «{TOKEN}»"}]},
    "a header by key": {"headers": [{"key": "X-Api-Key", "value": f"«{TOKEN}»"}]},
    "a header as a pair": {"headers": [["Authorization", f"Bearer «{TOKEN}»"]]},
    "a header as a text": {"headers": [f"Cookie: session=«{TOKEN}»"]},
    "a cookie by name": {"cookies": [{"name": "sessionid", "value": f"«{TOKEN}»", "domain": "x"}]},
    "cookies": {"cookies": {"sessionid": f"«{TOKEN}»"}},
    "a parameter of a stack": {
        "Parameters": [{"ParameterKey": "MasterPassword", "ParameterValue": f"«{PASSWORD}»"}]
    },
    "a password": {"password": "«summer»"},
    "JSON in a text": {"body": f'{{"login": {{"user": "bob", "password": "«{PASSWORD}»"}}}}'},
}
