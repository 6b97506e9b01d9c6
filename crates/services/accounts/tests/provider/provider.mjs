// An OpenID provider (npm oidc-provider) with one client, in which everybody may log in under any name with any password.
// `node provider.mjs PORT REDIRECT_URI`
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: 'funkturm', client_secret: 'secret-of-the-test', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: `${id}@example.org`, email_verified: id !== 'unverified' }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
