/** bpf(2) without a library and without bpftool: maps, programs, links, pins. */
export {
  ATTACH_TYPE,
  attachedPrograms,
  createLink,
  detachLink,
  type LinkDeclaration,
  linkInformation,
  updateLink,
} from './bpf/links.ts';
export {
  countCpus,
  createMap,
  MAP_FLAG,
  MAP_TYPE,
  type MapDeclaration,
  mapDelete,
  mapInformation,
  mapLookup,
  mapNextKey,
  mapUpdate,
  mapUpdateBatch,
  possibleCpus,
  UPDATE_FLAG,
} from './bpf/maps.ts';
export {
  bpfPlace,
  getObject,
  isBpfFileSystem,
  mountBpf,
  pinObject,
  unmountBpf,
} from './bpf/pins.ts';
export {
  loadProgram,
  PROGRAM_TYPE,
  type Program,
  programInformation,
  type TestInput,
  type TestOutput,
  testProgram,
} from './bpf/programs.ts';
