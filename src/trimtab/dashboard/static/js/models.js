// Draws 3D models (stl, obj, glb) with plotly.js: elements with data-model, the file's address, and
// data-format. What is read of a file is its triangles.

import { loadPlotly } from "./figures.js";

const MOST_BYTES = 64 * 2 ** 20;
const MOST_TRIANGLES = 1_000_000;

/** Triangles as coordinates {x, y, z} and corners {i, j, k}. */
export function parseModel(format, buffer) {
  const mesh = { stl: parseStl, obj: parseObj, glb: parseGlb }[format](buffer);
  if (!mesh.i.length) throw new Error("There are no triangles in it.");
  if (mesh.i.length > MOST_TRIANGLES) throw new Error("It has more than a million triangles.");
  return mesh;
}

function emptyMesh() {
  return { x: [], y: [], z: [], i: [], j: [], k: [] };
}

function addTriangle(mesh, corners) {
  const first = mesh.x.length;
  for (const [x, y, z] of corners) {
    mesh.x.push(x);
    mesh.y.push(y);
    mesh.z.push(z);
  }
  mesh.i.push(first);
  mesh.j.push(first + 1);
  mesh.k.push(first + 2);
}

// Binary: 80 bytes, the number of triangles, 50 bytes each (normal, three corners, two bytes).
function parseStl(buffer) {
  const mesh = emptyMesh();
  const view = new DataView(buffer);
  const count = buffer.byteLength >= 84 ? view.getUint32(80, true) : -1;
  if (84 + 50 * count === buffer.byteLength) {
    for (let t = 0; t < Math.min(count, MOST_TRIANGLES + 1); t++) {
      const at = (corner) =>
        [0, 4, 8].map((byte) => view.getFloat32(84 + 50 * t + 12 + 12 * corner + byte, true));
      addTriangle(mesh, [at(0), at(1), at(2)]);
    }
    return mesh;
  }
  const text = new TextDecoder().decode(buffer);
  const corners = [];
  for (const match of text.matchAll(/^\s*vertex\s+(\S+)\s+(\S+)\s+(\S+)/gm)) {
    corners.push(match.slice(1, 4).map(Number));
    if (corners.length === 3) addTriangle(mesh, corners.splice(0));
  }
  return mesh;
}

function parseObj(buffer) {
  const mesh = emptyMesh();
  for (const line of new TextDecoder().decode(buffer).split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "v") {
      mesh.x.push(Number(words[1]));
      mesh.y.push(Number(words[2]));
      mesh.z.push(Number(words[3]));
    } else if (words[0] === "f") {
      // A corner is vertex/texture/normal, counted from 1, or from the end where negative.
      const corners = words.slice(1).map((word) => {
        const index = parseInt(word, 10);
        return index < 0 ? mesh.x.length + index : index - 1;
      });
      for (let c = 1; c + 1 < corners.length; c++) {
        mesh.i.push(corners[0]);
        mesh.j.push(corners[c]);
        mesh.k.push(corners[c + 1]);
      }
    }
  }
  return mesh;
}

const SIZES = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const READERS = { 5120: "getInt8", 5121: "getUint8", 5122: "getInt16", 5123: "getUint16", 5125: "getUint32", 5126: "getFloat32" };
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

// glTF 2.0, section 4.4: a header, a chunk of JSON, a chunk of bytes.
function parseGlb(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== 0x46546c67) throw new Error("This is no glb file.");
  const jsonLength = view.getUint32(12, true);
  const gltf = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, jsonLength)));
  const bytesAt = 20 + jsonLength + 8;
  const mesh = emptyMesh();

  function read(index) {
    const accessor = gltf.accessors[index];
    const part = gltf.bufferViews[accessor.bufferView];
    if (part.extensions) throw new Error("Compressed glb files cannot be shown.");
    const width = WIDTHS[accessor.type];
    const size = SIZES[accessor.componentType];
    const stride = part.byteStride ?? width * size;
    const start = bytesAt + (part.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    const get = READERS[accessor.componentType];
    return Array.from({ length: accessor.count }, (_, row) =>
      Array.from({ length: width }, (_, column) => view[get](start + row * stride + column * size, true)),
    );
  }

  function addNode(index, parent, depth) {
    if (depth > 100) throw new Error("Its nodes are nested too deep.");
    const node = gltf.nodes[index];
    const matrix = multiply(parent, matrixOf(node));
    if (node.mesh !== undefined) {
      for (const primitive of gltf.meshes[node.mesh].primitives) {
        if ((primitive.mode ?? 4) !== 4) continue; // only triangles
        const first = mesh.x.length;
        const points = read(primitive.attributes.POSITION);
        for (const [x, y, z] of points) {
          const at = (row) => matrix[row] * x + matrix[row + 4] * y + matrix[row + 8] * z + matrix[row + 12];
          // glTF's y points up; plotly's z does.
          mesh.x.push(at(0));
          mesh.y.push(-at(2));
          mesh.z.push(at(1));
        }
        const corners = primitive.indices === undefined
          ? points.map((_, row) => row)
          : read(primitive.indices).map(([corner]) => corner);
        for (let c = 0; c + 2 < corners.length; c += 3) {
          mesh.i.push(first + corners[c]);
          mesh.j.push(first + corners[c + 1]);
          mesh.k.push(first + corners[c + 2]);
        }
      }
    }
    for (const child of node.children ?? []) addNode(child, matrix, depth + 1);
  }

  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const scene = gltf.scenes?.[gltf.scene ?? 0];
  for (const index of scene?.nodes ?? gltf.nodes?.map((_, each) => each) ?? []) addNode(index, identity, 0);
  return mesh;
}

// Columns first, as glTF has them.
function multiply(a, b) {
  const out = new Array(16).fill(0);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 4; row++) {
      for (let k = 0; k < 4; k++) out[column * 4 + row] += a[k * 4 + row] * b[column * 4 + k];
    }
  }
  return out;
}

function matrixOf(node) {
  if (node.matrix) return node.matrix;
  const [tx, ty, tz] = node.translation ?? [0, 0, 0];
  const [x, y, z, w] = node.rotation ?? [0, 0, 0, 1];
  const [sx, sy, sz] = node.scale ?? [1, 1, 1];
  return [
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ];
}

function hasWebGl() {
  try {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") ?? canvas.getContext("webgl"));
  } catch {
    return false;
  }
}

function tell(element, message) {
  const note = document.createElement("p");
  note.className = "notice";
  note.textContent = message;
  element.replaceChildren(note);
}

async function draw(element) {
  if (!hasWebGl()) {
    tell(element, "This browser has no WebGL, which 3D models need. The file can be downloaded.");
    return;
  }
  try {
    const response = await fetch(element.dataset.model);
    if (!response.ok) throw new Error("The file is gone.");
    if (Number(response.headers.get("content-length")) > MOST_BYTES) throw new Error("It is too large to be shown.");
    const mesh = parseModel(element.dataset.format, await response.arrayBuffer());
    const plotly = await loadPlotly();
    const style = getComputedStyle(document.documentElement);
    const axis = { visible: false };
    element.replaceChildren();
    await plotly.newPlot(
      element,
      [{ type: "mesh3d", ...mesh, color: style.getPropertyValue("--complete").trim(), flatshading: true, hoverinfo: "skip" }],
      {
        margin: { l: 0, r: 0, t: 0, b: 0 },
        paper_bgcolor: "rgba(0,0,0,0)",
        scene: { aspectmode: "data", xaxis: axis, yaxis: axis, zaxis: axis },
      },
      { displaylogo: false, responsive: true, displayModeBar: false },
    );
    element.dataset.drawn = "";
  } catch (error) {
    tell(element, `The model cannot be shown: ${error.message}`);
  }
}

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    draw(target);
  }
});

/** Draw the models inside an element when they come into sight. */
export function setUpModels(within) {
  for (const element of within.querySelectorAll("[data-model]:not([data-seen])")) {
    element.dataset.seen = "";
    sight.observe(element);
  }
}
