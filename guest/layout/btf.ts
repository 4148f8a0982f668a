/**
 * Reads BTF, the compact description of C types that `pahole --btf_encode_detached` makes from a kernel's debug information.
 *
 * Format: Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
 */

const MAGIC = 0xeb9f;

/** `enum` of include/uapi/linux/btf.h, BTF_KIND_*. */
const Kind = {
  Int: 1,
  Pointer: 2,
  Array: 3,
  Struct: 4,
  Union: 5,
  Enum: 6,
  Forward: 7,
  Typedef: 8,
  Volatile: 9,
  Const: 10,
  Restrict: 11,
  Function: 12,
  FunctionPrototype: 13,
  Variable: 14,
  DataSection: 15,
  Float: 16,
  DeclarationTag: 17,
  TypeTag: 18,
  Enum64: 19,
} as const;

const POINTER_SIZE_BYTES = 4;
/** Longer chains of typedefs and qualifiers than any compiler makes mean a loop in the file. */
const CHAIN_LIMIT = 64;

interface Member {
  name: string;
  type: number;
  bitOffset: number;
  /** 0 when the member is not a bit field. */
  bitSize: number;
}

interface Enumerator {
  name: string;
  value: number;
}

interface Type {
  kind: number;
  name: string;
  /** Size in bytes, or the id of the type referred to: which of the two depends on `kind`. */
  sizeOrType: number;
  isUnion: boolean;
  members: Member[];
  enumerators: Enumerator[];
  elementCount: number;
}

/** A field found by its path. */
export interface BtfField {
  offset: number;
  sizeBytes: number;
  bitOffset?: number;
  bitSize?: number;
  type: string;
}

/** A `struct` or `union` of the file; several may share a name (private types of different drivers). */
export interface BtfStruct {
  sizeBytes: number;
  /** @param path dotted names; anonymous members have none. @returns undefined when there is no such field. */
  field(path: string): BtfField | undefined;
}

/** What can be asked of a BTF file. */
export interface Btf {
  /** Every `struct` or `union` of that name; empty when there is none. */
  structs(name: string): BtfStruct[];
  /** The value of an enumerator of any `enum`, or undefined. */
  enumerator(name: string): number | undefined;
}

/**
 * @param bytes a whole BTF file (little-endian, as on x86).
 * @throws Error when the bytes are not BTF, are cut short, or hold a kind this reader does not know.
 */
export function readBtf(bytes: Uint8Array): Btf {
  const types = readTypes(bytes);
  const structs = new Map<string, number[]>();
  const enumerators = new Map<string, number>();
  types.forEach((type, id) => {
    if ((type.kind === Kind.Struct || type.kind === Kind.Union) && type.name) {
      structs.set(type.name, [...(structs.get(type.name) ?? []), id]);
    }
    for (const { name, value } of type.enumerators) enumerators.set(name, value);
  });
  return {
    structs: (name) =>
      (structs.get(name) ?? []).map((id) => ({
        sizeBytes: types[id].sizeOrType,
        field: (path) => findField(types, id, path),
      })),
    enumerator: (name) => enumerators.get(name),
  };
}

function readTypes(bytes: Uint8Array): Type[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC)
    throw new Error("This is not a BTF file: its magic number is missing.");
  const headerSizeBytes = view.getUint32(4, true);
  const typesAt = headerSizeBytes + view.getUint32(8, true);
  const typesEnd = typesAt + view.getUint32(12, true);
  const stringsAt = headerSizeBytes + view.getUint32(16, true);
  const stringsEnd = stringsAt + view.getUint32(20, true);
  if (typesEnd > bytes.length || stringsEnd > bytes.length) throw new Error("The BTF file is cut short.");

  const decoder = new TextDecoder();
  const string = (offset: number) => {
    const start = stringsAt + offset;
    return decoder.decode(bytes.subarray(start, bytes.indexOf(0, start)));
  };

  const VOID: Type = {
    kind: 0,
    name: "void",
    sizeOrType: 0,
    isUnion: false,
    members: [],
    enumerators: [],
    elementCount: 0,
  };
  const types: Type[] = [VOID]; // type ids start at 1
  let at = typesAt;
  const u32 = () => {
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  };
  while (at < typesEnd) {
    const name = string(u32());
    const info = u32();
    const type: Type = { ...VOID, name, kind: (info >>> 24) & 0x1f, sizeOrType: u32(), members: [], enumerators: [] };
    const count = info & 0xffff;
    const hasKindFlag = info >>> 31 === 1;
    switch (type.kind) {
      case Kind.Pointer:
      case Kind.Forward:
      case Kind.Typedef:
      case Kind.Volatile:
      case Kind.Const:
      case Kind.Restrict:
      case Kind.Function:
      case Kind.Float:
      case Kind.TypeTag:
        type.isUnion = hasKindFlag;
        break;
      case Kind.Int:
      case Kind.Variable:
      case Kind.DeclarationTag:
        u32();
        break;
      case Kind.Array:
        type.sizeOrType = u32();
        u32(); // the index type
        type.elementCount = u32();
        break;
      case Kind.Struct:
      case Kind.Union:
        type.isUnion = type.kind === Kind.Union;
        for (let i = 0; i < count; i++) {
          const member = { name: string(u32()), type: u32(), bitOffset: u32(), bitSize: 0 };
          if (hasKindFlag) {
            member.bitSize = member.bitOffset >>> 24;
            member.bitOffset &= 0xffffff;
          }
          type.members.push(member);
        }
        break;
      case Kind.Enum:
        for (let i = 0; i < count; i++) {
          const enumerator = string(u32());
          const value = u32();
          type.enumerators.push({ name: enumerator, value: hasKindFlag ? value | 0 : value });
        }
        break;
      case Kind.Enum64:
        for (let i = 0; i < count; i++) {
          const enumerator = string(u32());
          const low = u32();
          const high = u32();
          type.enumerators.push({ name: enumerator, value: (hasKindFlag ? high | 0 : high) * 2 ** 32 + low });
        }
        break;
      case Kind.FunctionPrototype:
        at += count * 8;
        break;
      case Kind.DataSection:
        at += count * 12;
        break;
      default:
        throw new Error(`The BTF file holds a kind ${type.kind} at byte ${at}, which this reader does not know.`);
    }
    types.push(type);
  }
  return types;
}

const PASSED_THROUGH: readonly number[] = [Kind.Typedef, Kind.Volatile, Kind.Const, Kind.Restrict, Kind.TypeTag];

/** The type below typedefs and qualifiers. */
function strip(types: Type[], id: number): number {
  for (let i = 0; i < CHAIN_LIMIT; i++) {
    if (!PASSED_THROUGH.includes(types[id].kind)) return id;
    id = types[id].sizeOrType;
  }
  throw new Error(`The BTF file refers from type ${id} to itself.`);
}

function sizeOf(types: Type[], id: number): number {
  const type = types[strip(types, id)];
  if (type.kind === Kind.Pointer) return POINTER_SIZE_BYTES;
  if (type.kind === Kind.Array) return type.elementCount * sizeOf(types, type.sizeOrType);
  return type.kind === Kind.FunctionPrototype || type.kind === Kind.Forward ? 0 : type.sizeOrType;
}

function nameOf(types: Type[], id: number, depth = 0): string {
  if (depth > CHAIN_LIMIT) throw new Error(`The BTF file refers from type ${id} to itself.`);
  const type = types[id];
  const below = () => nameOf(types, type.sizeOrType, depth + 1);
  switch (type.kind) {
    case Kind.Struct:
    case Kind.Union:
    case Kind.Forward:
      return `${type.isUnion ? "union" : "struct"} ${type.name || "(anonymous)"}`;
    case Kind.Enum:
    case Kind.Enum64:
      return `enum ${type.name || "(anonymous)"}`;
    case Kind.Pointer:
      return types[type.sizeOrType].kind === Kind.FunctionPrototype
        ? "(function) *"
        : below().replace(/(\*?)$/, (star) => (star ? "**" : " *"));
    case Kind.Array: {
      // C writes the outermost dimension first.
      const [, element, inner] = /^(.*?)((?:\[\d+\])*)$/.exec(below())!;
      return `${element}[${type.elementCount}]${inner}`;
    }
    case Kind.Volatile:
      return `volatile ${below()}`;
    case Kind.Const:
      return `const ${below()}`;
    case Kind.Restrict:
    case Kind.TypeTag:
      return below();
    default:
      return type.name;
  }
}

/** A member by name, looked for through anonymous members, with its distance in bits from the start of `id`. */
function findMember(types: Type[], id: number, name: string): Member | undefined {
  for (const member of types[id].members) {
    if (member.name === name) return member;
    if (member.name) continue;
    const inside = strip(types, member.type);
    const found = findMember(types, inside, name);
    if (found) return { ...found, bitOffset: member.bitOffset + found.bitOffset };
  }
  return undefined;
}

function findField(types: Type[], structId: number, path: string): BtfField | undefined {
  let id = structId;
  let bits = 0;
  let member: Member | undefined;
  for (const name of path.split(".")) {
    member = findMember(types, strip(types, id), name);
    if (!member) return undefined;
    bits += member.bitOffset;
    id = member.type;
  }
  const { bitSize } = member!;
  const field = { offset: bits >>> 3, type: nameOf(types, id) };
  if (bitSize === 0) return { ...field, sizeBytes: sizeOf(types, id) };
  return { ...field, sizeBytes: ((bits & 7) + bitSize + 7) >>> 3, bitOffset: bits & 7, bitSize };
}
