// A real OpenID provider on loopback: who logs in as NAME is NAME@example.com, in the groups that
// the name tells: `admin-ann` in `admins`, `auditor-al` in `auditors`, others in none.
// usage: node provider.mjs NODE_MODULES REDIRECT_URI; prints its issuer
import { createServer } from "node:http";
const [modules, redirect] = process.argv.slice(2);
const { Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = {
    redirect_uris: [redirect],
    post_logout_redirect_uris: [redirect.replace("/sso/callback", "/login")],
    response_types: ["code"],
  };
  const provider = new Provider(issuer, {
    clients: [
      { client_id: "agentaudit", client_secret: "s3cret-of-the-client", ...client },
      { client_id: "without-secret", token_endpoint_auth_method: "none", ...client },
    ],
    pkce: { required: () => true },
    cookies: { keys: ["not-a-secret"] },
    claims: { openid: ["sub", "groups"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        name: id,
        email: `${id}@example.com`,
        email_verified: !id.includes("unchecked"),
        groups: [id.startsWith("admin-") ? "admins" : id.startsWith("auditor-") ? "auditors" : "guests"],
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
