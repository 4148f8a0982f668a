/** Ids and names that the engine gives. */

/** 64 hexadecimal digits, as Docker's ids are. */
export function randomId(random: (sizeBytes: number) => Uint8Array): string {
  for (;;) {
    const id = Array.from(random(32), (byte) => byte.toString(16).padStart(2, "0")).join("");
    // An id whose short form is a number could be taken for one (moby `stringid.GenerateRandomID`).
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

const ADJECTIVES =
  "amber brave bright calm clear clever crisp daring eager early fair fine fleet fond gentle glad golden happy hardy humble keen kind lively loyal lucid mellow merry mild modest neat nimble noble patient placid plain polite proud quick quiet ready robust serene sharp silent silver sincere smart snug solid spry steady still sturdy sunny supple swift tidy tranquil trusty upbeat vivid warm wise witty zesty".split(
    " ",
  );
const ANIMALS =
  "anchovy barnacle bass beluga bream carp clam cod conch coral crab cuttlefish dolphin dory eel flounder goby grouper guppy haddock hake halibut herring kelp krill lamprey limpet lobster mackerel manatee manta marlin minnow mullet mussel narwhal nautilus octopus orca otter oyster perch pike plaice porpoise prawn ray salmon sardine scallop seahorse seal shark shrimp skate snapper sole sponge sprat squid starfish sturgeon tang tetra trout tuna turbot urchin walrus whale whelk".split(
    " ",
  );

/** A name for who did not choose one: `calm_squid`, with a number when all of them are taken. */
export function randomName(random: (sizeBytes: number) => Uint8Array, taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const [high, low, more] = random(3);
    const name = `${ADJECTIVES[high % ADJECTIVES.length]}_${ANIMALS[low % ANIMALS.length]}${attempt < 8 ? "" : (more * attempt) % 1000}`;
    if (!taken(name)) return name;
  }
}

/** What may be the name of a container or a volume (moby `names.RestrictedNamePattern`). */
export const NAME_PATTERN = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
