import { atMost, command } from "../command";
import { CliFailure } from "../failure";

const REFUSAL = "The registries beside this engine ask nobody for a name: there is nothing to log in to.";

export const login = command("login", {
  use: "[OPTIONS] [SERVER]",
  short: "Authenticate to a registry",
  long: "Authenticate to a registry.\nNo registry here asks for it.",
  arity: atMost(1),
  options: `
    -p, --password string  Password or Personal Access Token (PAT)
    --password-stdin       Take the password from stdin
    -u, --username string  Username
  `,
  run: async () => {
    throw new CliFailure(REFUSAL);
  },
});

export const logout = command("logout", {
  use: "[SERVER]",
  short: "Log out from a registry",
  long: "Log out from a registry.\nNo registry here keeps a login.",
  arity: atMost(1),
  run: async (context, _, [server]) => {
    await context.out(`Not logged in to ${server ?? "https://index.docker.io/v1/"}\n`);
  },
});
