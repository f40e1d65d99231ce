import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { load, type Model } from "relprop";
import sst2 from "relprop/models/sst2-tiny";
import { Heatmap } from "relprop/react";

function App() {
  const [share, setShare] = useState(0);
  const [model, setModel] = useState<Model>();
  const [text, setText] = useState("A gorgeous, witty, seductive movie.");
  useEffect(() => {
    load(sst2, { worker: true, onProgress: ({ loaded, total = loaded }) => setShare(loaded / total) }).then(setModel);
  }, []);
  return (
    <main>
      <input aria-label="Text" value={text} onChange={({ target }) => setText(target.value)} />
      {!model && <progress aria-label="Loading" value={share} />}
      <Heatmap model={model} text={text} />
    </main>
  );
}

createRoot(document.getElementById("root")!).render(<App />);
